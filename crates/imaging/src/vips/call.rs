//! One call of a libvips operation, with arguments by name.
//!
//! The safe API of the binding copies what it decodes from and ignores misspelt options; this does neither.
use std::ffi::{CStr, CString, c_void};
use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::ptr::{self, NonNull};

use libvips::bindings as ffi;

use super::{Blob, Image};

/// Fundamental types of GObject, fixed by its ABI.
mod gtype {
    pub(super) const BOOLEAN: usize = 5 << 2;
    pub(super) const INT: usize = 6 << 2;
    pub(super) const DOUBLE: usize = 15 << 2;
    pub(super) const STRING: usize = 16 << 2;
}

/// What libvips said when an operation failed. Only `error.rs` reads it.
#[derive(Debug)]
pub(crate) struct Fault(pub(crate) String);

impl Fault {
    /// Forgets what operations said that succeeded all the same; to be called before each that may fail.
    pub(super) fn forget() {
        libvips::Vips::error_clear();
    }

    /// Empties libvips' error buffer.
    pub(super) fn take() -> Self {
        let text = libvips::Vips::error_buffer().unwrap_or_default();
        libvips::Vips::error_clear();
        // Loaders that look for the end of a source complain about each step of their search.
        let lines: Vec<&str> = text
            .lines()
            .filter(|line| !line.starts_with("source: bad seek"))
            .collect();
        Self(lines.join("; "))
    }
}

/// The value of an argument. Enums and flags are integers.
pub(crate) enum Value<'v, 'a> {
    Bool(bool),
    Int(i32),
    Double(f64),
    Text(&'v CStr),
    Doubles(&'v [f64]),
    Image(&'v Image<'a>),
    Images(&'v [&'v Image<'a>]),
    Bytes(&'a [u8]),
    Copied(&'v [u8]),
}

macro_rules! value_from {
    ($($from:ty => $variant:ident),+) => {$(
        impl<'v, 'a> From<$from> for Value<'v, 'a> {
            fn from(value: $from) -> Self { Self::$variant(value) }
        }
    )+};
}
value_from!(bool => Bool, i32 => Int, f64 => Double, &'v CStr => Text, &'v [f64] => Doubles, &'v Image<'a> => Image, &'v [&'v Image<'a>] => Images);

/// An operation being given its arguments. The first failure is kept and reported by the call that runs it.
pub(crate) struct Call<'a> {
    operation: Result<NonNull<ffi::VipsOperation>, Fault>,
    borrows: PhantomData<&'a [u8]>,
}

impl<'a> Call<'a> {
    /// Names the operation.
    pub(crate) fn new(operation: &CStr) -> Self {
        // SAFETY: the name is NUL-terminated; null is returned for an unknown one.
        let created = unsafe { ffi::vips_operation_new(operation.as_ptr()) };
        Self {
            operation: NonNull::new(created).ok_or_else(Fault::take),
            borrows: PhantomData,
        }
    }

    /// Reads encoded bytes in place.
    pub(crate) fn source(self, bytes: &'a [u8]) -> Self {
        self.set_value(c"source", &Value::Bytes(bytes))
    }

    /// Reads encoded bytes from a copy, for as long as the result is needed.
    pub(crate) fn source_copy(self, bytes: &[u8]) -> Self {
        self.set_value(c"source", &Value::Copied(bytes))
    }

    /// Sets an argument.
    pub(crate) fn set<'v>(self, name: &CStr, value: impl Into<Value<'v, 'a>>) -> Self
    where
        'a: 'v,
    {
        self.set_value(name, &value.into())
    }

    fn set_value(mut self, name: &CStr, value: &Value<'_, 'a>) -> Self {
        let Ok(operation) = self.operation else {
            return self;
        };
        if !has_argument(operation, name) {
            libvips::Vips::error_clear();
            let fault = Fault(format!("libvips has no argument {}", name.to_string_lossy()));
            self.fail(fault);
            return self;
        }
        // SAFETY: `property` is initialised by `fill` before GObject reads it and unset once after; the operation is
        // alive, and takes its own references to objects and copies of the rest.
        unsafe {
            let mut property = MaybeUninit::<ffi::GValue>::zeroed();
            match fill(property.as_mut_ptr(), value) {
                Ok(()) => {
                    ffi::g_object_set_property(operation.as_ptr().cast(), name.as_ptr(), property.as_ptr());
                    ffi::g_value_unset(property.as_mut_ptr());
                }
                Err(fault) => self.fail(fault),
            }
        }
        self
    }

    fn fail(&mut self, fault: Fault) {
        if let Ok(operation) = std::mem::replace(&mut self.operation, Err(fault)) {
            // SAFETY: the only reference to an operation that was never built.
            unsafe { ffi::g_object_unref(operation.as_ptr().cast()) };
        }
    }

    /// Runs it for the image `out`.
    pub(crate) fn image(self) -> Result<Image<'a>, Fault> {
        let done = self.run()?;
        // SAFETY: `out` is an image; the value holds a reference until it is unset, and one more is taken before.
        unsafe {
            let mut property = done.output(c"out", ffi::vips_image_get_type());
            let image = ffi::g_value_get_object(&raw const property);
            let image = NonNull::new(image.cast::<ffi::VipsImage>());
            if let Some(image) = image {
                ffi::g_object_ref(image.as_ptr().cast());
            }
            ffi::g_value_unset(&raw mut property);
            image
                .map(|image| Image::from_owned(image))
                .ok_or_else(|| Fault("libvips gave no image".into()))
        }
    }

    /// Runs it for the encoded bytes `buffer`.
    pub(crate) fn blob(self) -> Result<Blob, Fault> {
        let done = self.run()?;
        // SAFETY: as in `image`; duplicating a boxed blob takes a reference of its own.
        unsafe {
            let mut property = done.output(c"buffer", ffi::vips_blob_get_type());
            let blob = ffi::g_value_dup_boxed(&raw const property);
            ffi::g_value_unset(&raw mut property);
            NonNull::new(blob.cast::<ffi::VipsBlob>())
                .map(|blob| Blob::from_owned(blob))
                .ok_or_else(|| Fault("libvips gave no bytes".into()))
        }
    }

    /// Runs it for whole numbers.
    pub(crate) fn numbers<const N: usize>(self, names: [&CStr; N]) -> Result<[i32; N], Fault> {
        let done = self.run()?;
        // SAFETY: the named outputs are integers; reading them copies.
        Ok(names.map(|name| unsafe {
            let mut property = done.output(name, gtype::INT);
            let number = ffi::g_value_get_int(&raw const property);
            ffi::g_value_unset(&raw mut property);
            number
        }))
    }

    fn run(mut self) -> Result<Done, Fault> {
        let taken = std::mem::replace(&mut self.operation, Err(Fault(String::new())));
        let mut operation = taken?.as_ptr();
        Fault::forget();
        // SAFETY: the operation is alive; building may replace it by an equal one and hands over the reference.
        let failed = unsafe { ffi::vips_cache_operation_buildp(&raw mut operation) } != 0;
        let done = Done(NonNull::new(operation).expect("libvips keeps the operation on success and failure"));
        if failed { Err(Fault::take()) } else { Ok(done) }
    }
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        self.fail(Fault(String::new()));
    }
}

/// An operation that ran.
struct Done(NonNull<ffi::VipsOperation>);

impl Done {
    /// Reads an output.
    ///
    /// # Safety
    /// `kind` is the type of the output `name`; the caller unsets the value.
    unsafe fn output(&self, name: &CStr, kind: usize) -> ffi::GValue {
        let mut property = MaybeUninit::<ffi::GValue>::zeroed();
        // SAFETY: the value is initialised with its type, then filled from a live object.
        unsafe {
            ffi::g_value_init(property.as_mut_ptr(), kind);
            ffi::g_object_get_property(self.0.as_ptr().cast(), name.as_ptr(), property.as_mut_ptr());
            property.assume_init()
        }
    }
}

impl Drop for Done {
    fn drop(&mut self) {
        // SAFETY: releases the outputs' references that building made for us, then our own to the operation.
        unsafe {
            ffi::vips_object_unref_outputs(self.0.as_ptr().cast());
            ffi::g_object_unref(self.0.as_ptr().cast());
        }
    }
}

fn has_argument(operation: NonNull<ffi::VipsOperation>, name: &CStr) -> bool {
    let (mut pspec, mut class, mut instance) = (ptr::null_mut(), ptr::null_mut(), ptr::null_mut());
    // SAFETY: the operation is alive, the name is NUL-terminated, the outputs are only borrowed and not read.
    let found = unsafe {
        ffi::vips_object_get_argument(
            operation.as_ptr().cast(),
            name.as_ptr(),
            &raw mut pspec,
            &raw mut class,
            &raw mut instance,
        )
    };
    found == 0
}

/// Initialises a property with a value.
///
/// # Safety
/// `property` points to zeroed memory for one value.
unsafe fn fill(property: *mut ffi::GValue, value: &Value<'_, '_>) -> Result<(), Fault> {
    // SAFETY: each arm initialises with the type of what it sets; objects are alive and get a reference of their own.
    unsafe {
        match *value {
            Value::Bool(value) => {
                ffi::g_value_init(property, gtype::BOOLEAN);
                ffi::g_value_set_boolean(property, value.into());
            }
            Value::Int(value) => {
                ffi::g_value_init(property, gtype::INT);
                ffi::g_value_set_int(property, value);
            }
            Value::Double(value) => {
                ffi::g_value_init(property, gtype::DOUBLE);
                ffi::g_value_set_double(property, value);
            }
            Value::Text(value) => {
                ffi::g_value_init(property, gtype::STRING);
                ffi::g_value_set_string(property, value.as_ptr());
            }
            Value::Doubles(values) => {
                ffi::g_value_init(property, ffi::vips_array_double_get_type());
                ffi::vips_value_set_array_double(property, values.as_ptr(), values.len() as i32);
            }
            Value::Image(image) => {
                ffi::g_value_init(property, ffi::vips_image_get_type());
                ffi::g_value_set_object(property, image.as_ptr().cast());
            }
            Value::Images(images) => {
                let mut pointers: Vec<_> = images.iter().map(|image| image.as_ptr()).collect();
                let array = ffi::vips_array_image_new(pointers.as_mut_ptr(), pointers.len() as i32);
                if array.is_null() {
                    return Err(Fault::take());
                }
                ffi::g_value_init(property, ffi::vips_array_image_get_type());
                ffi::g_value_set_boxed(property, array.cast());
                ffi::vips_area_unref(array.cast());
            }
            Value::Bytes(bytes) => {
                let source =
                    ffi::vips_source_new_from_memory(bytes.as_ptr().cast::<c_void>(), bytes.len() as _);
                if source.is_null() {
                    return Err(Fault::take());
                }
                set_source(property, source);
            }
            Value::Copied(bytes) => {
                let blob = ffi::vips_blob_copy(bytes.as_ptr().cast::<c_void>(), bytes.len() as _);
                let source = ffi::vips_source_new_from_blob(blob);
                // The source has a reference of its own.
                ffi::vips_area_unref(blob.cast());
                if source.is_null() {
                    return Err(Fault::take());
                }
                set_source(property, source);
            }
        }
    }
    Ok(())
}

/// Initialises a property with a source.
///
/// # Safety
/// `property` points to zeroed memory for one value; `source` is alive, and its reference is given up.
unsafe fn set_source(property: *mut ffi::GValue, source: *mut ffi::VipsSource) {
    // SAFETY: as above; the property takes a reference of its own.
    unsafe {
        ffi::g_value_init(property, ffi::vips_source_get_type());
        ffi::g_value_set_object(property, source.cast());
        ffi::g_object_unref(source.cast());
    }
}

/// A name that is put together at run time.
pub(super) fn c_name(name: &str) -> CString {
    CString::new(name).expect("names of metadata hold no NUL")
}
