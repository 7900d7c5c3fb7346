//! No capabilities, not even those that a program with a set-user-id bit would bring.
use std::io;

use rustix::io::Errno;
use rustix::thread::{
    CapabilitySet, CapabilitySets, capabilities, capability_is_in_bounding_set, clear_ambient_capability_set,
    remove_capability_from_bounding_set, set_capabilities, set_no_new_privs,
};

/// Drops every capability of this thread, of what it starts, and of what that could ever get.
pub(super) fn drop_all() -> io::Result<()> {
    for number in 0..u64::BITS {
        let capability = CapabilitySet::from_bits_retain(1 << number);
        match capability_is_in_bounding_set(capability) {
            Ok(true) => match remove_capability_from_bounding_set(capability) {
                // Without CAP_SETPCAP it stays; `no_new_privs` leaves nothing to be had by it.
                Ok(()) | Err(Errno::PERM) => {}
                Err(cause) => return Err(cause.into()),
            },
            Ok(false) => {}
            // Past the last one that this kernel knows.
            Err(Errno::INVAL) => break,
            Err(cause) => return Err(cause.into()),
        }
    }
    clear_ambient_capability_set()?;
    let none = CapabilitySets {
        effective: CapabilitySet::empty(),
        permitted: CapabilitySet::empty(),
        inheritable: CapabilitySet::empty(),
    };
    set_capabilities(None, none)?;
    set_no_new_privs(true)?;
    if capabilities(None)? == none {
        Ok(())
    } else {
        Err(io::Error::other("capabilities that were dropped are still there"))
    }
}
