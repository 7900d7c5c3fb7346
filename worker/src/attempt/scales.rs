//! `keep_smaller`: is a file larger than the next format's, of the same derivative and size?
use std::collections::BTreeMap;

use minilab_recipe::{OutputFormat, PlannedFile, Size};

/// Lengths of the files that are kept. Files come in the plan's order, in which those that others are compared with come
/// first, so the verdicts are the same whenever and however often a lane is made.
#[derive(Debug, Default)]
pub(crate) struct Scales {
    kept: BTreeMap<(String, u32, u32), BTreeMap<OutputFormat, u64>>,
}

impl Scales {
    /// A file that is kept, whatever it weighs.
    pub(crate) fn put(&mut self, derivative: &str, size: Size, format: OutputFormat, bytes: u64) {
        let place = (derivative.to_owned(), size.width, size.height);
        self.kept.entry(place).or_default().insert(format, bytes);
    }

    /// The next format that is kept and whose file is smaller; `None`: this one is kept too.
    pub(crate) fn weigh(&mut self, file: &PlannedFile, bytes: u64) -> Option<OutputFormat> {
        let place = (file.derivative.clone(), file.size.width, file.size.height);
        let others = self.kept.get(&place);
        let next = file.unless_larger.iter().find_map(|format| {
            let bytes = others?.get(format)?;
            Some((*format, *bytes))
        });
        if let Some((than, _)) = next.filter(|(_, other)| bytes > *other) {
            return Some(than);
        }
        self.put(&file.derivative, file.size, file.encoding.format(), bytes);
        None
    }
}
