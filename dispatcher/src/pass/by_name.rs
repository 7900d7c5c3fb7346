//! Labels in stored objects, by the names that metrics show.
use minilab_telemetry::Label;
use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer, de::Error as _};

pub(crate) fn serialize<L: Label, S: Serializer>(label: &L, serializer: S) -> Result<S::Ok, S::Error> {
    label.as_str().serialize(serializer)
}

pub(crate) fn deserialize<'de, L: Label, D: Deserializer<'de>>(deserializer: D) -> Result<L, D::Error> {
    let name = String::deserialize(deserializer)?;
    let found = L::ALL.iter().copied().find(|label| label.as_str() == name);
    found.ok_or_else(|| D::Error::custom(format!("{name:?} is no {}", L::NAME)))
}
