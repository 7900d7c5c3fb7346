//! What a run came to: for each format and kind of end how many, the slowest, and the most memory.
use std::{collections::BTreeMap, fmt, time::Duration};

use crate::ordeal::End;

/// Counts of ends.
#[derive(Default)]
pub struct Table {
    rows: BTreeMap<(String, String), Row>,
    /// Everything that was wrong.
    pub complaints: Vec<String>,
}

#[derive(Default)]
struct Row {
    count: u32,
    slowest: (Duration, String),
    held_bytes: u64,
}

impl Table {
    /// Adds the end of a file.
    pub fn add(&mut self, format: &str, name: &str, end: &End) {
        let how = end.failure.as_ref().map_or_else(
            || "made".to_owned(),
            |failure| format!("{}: {}", failure.class, failure.code),
        );
        let row = self.rows.entry((format.to_owned(), how)).or_default();
        row.count += 1;
        row.held_bytes = row.held_bytes.max(end.held_bytes);
        if end.took > row.slowest.0 {
            row.slowest = (end.took, name.to_owned());
        }
        self.complaints.extend(
            end.complaints
                .iter()
                .map(|complaint| format!("{name}: {complaint}")),
        );
    }

    /// Fails with everything that was wrong.
    pub fn assert_nothing_wrong(&self) {
        assert!(
            self.complaints.is_empty(),
            "{} complaints:\n{}",
            self.complaints.len(),
            self.complaints.join("\n")
        );
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "| format | end | files | slowest | memory |\n|---|---|---|---|---|"
        )?;
        for ((format, how), row) in &self.rows {
            let (slowest, name) = &row.slowest;
            writeln!(
                f,
                "| {format} | {how} | {} | {} ms ({name}) | {} MiB |",
                row.count,
                slowest.as_millis(),
                row.held_bytes >> 20
            )?;
        }
        Ok(())
    }
}
