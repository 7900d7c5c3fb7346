//! Event messages of every producer.
use minilab_dispatcher::events::{Kind, MESSAGE_BYTES_MAX, RECORDS_MAX, normalise};
use minilab_recipe::Area;
use minilab_store::Key;

/// Whatever was sent is bounded events with keys that a store can have, or unknown with a reason of one line.
pub fn run(input: &[u8]) {
    let events = match normalise(input) {
        Ok(events) => events,
        Err(unknown) => {
            let reason = unknown.to_string();
            assert!(reason.len() <= 4096, "a reason of {} bytes", reason.len());
            assert!(!reason.contains(char::is_control), "{reason:?}");
            return;
        }
    };
    assert!(input.len() <= MESSAGE_BYTES_MAX);
    assert!(
        (1..=RECORDS_MAX).contains(&events.len()),
        "{} events",
        events.len()
    );
    for event in &events {
        assert!(event.keys.len() <= 2 && event.refused.len() <= 1, "{event:?}");
        assert!(
            event.keys.len() < 2 || event.keys[0] != event.keys[1],
            "{event:?}"
        );
        for key in &event.keys {
            assert!(
                key.as_str().len() <= Key::BYTES_MAX && !key.as_str().contains('\0'),
                "{event:?}"
            );
        }
        if event.kind == Kind::Ignored {
            assert!(event.keys.is_empty(), "{event:?}");
        }
        if let Some(etag) = &event.etag {
            assert!(
                etag.0.len() >= 2 && etag.0.starts_with('"') && etag.0.ends_with('"'),
                "{etag:?}"
            );
        }
        if let Some(focal) = event.focal.as_deref().filter(|focal| !focal.is_empty()) {
            assert!(Area::from_metadata(focal).is_some(), "{focal:?}");
        }
    }
    assert_eq!(
        normalise(input).as_ref(),
        Ok(&events),
        "read twice, read otherwise"
    );
}
