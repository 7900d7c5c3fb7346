//! Aligned columns for a terminal or a file.
use std::fmt;

use crate::harmless;

/// To which side a column leans.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lean {
    /// Words.
    Left,
    /// Numbers.
    Right,
}

/// Rows of text under headings.
#[derive(Debug, Clone)]
pub struct Table {
    columns: Vec<(String, Lean)>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// No rows yet.
    pub fn new<const N: usize>(columns: [(&str, Lean); N]) -> Self {
        Self {
            columns: columns.map(|(name, lean)| (name.to_owned(), lean)).to_vec(),
            rows: Vec::new(),
        }
    }

    /// One more row; it has a cell for each column, and stays one line whatever is in it.
    pub fn push(&mut self, row: &[String]) {
        debug_assert_eq!(row.len(), self.columns.len());
        self.rows
            .push(row.iter().map(|cell| harmless::line(cell).into_owned()).collect());
    }

    fn width(&self, column: usize) -> usize {
        let cells = self.rows.iter().map(|row| row[column].chars().count());
        cells
            .max()
            .unwrap_or(0)
            .max(self.columns[column].0.chars().count())
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let widths: Vec<usize> = (0..self.columns.len()).map(|column| self.width(column)).collect();
        let heads: Vec<String> = self.columns.iter().map(|(name, _)| name.clone()).collect();
        let rules: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
        for row in [&heads, &rules].into_iter().chain(&self.rows) {
            let mut line = String::new();
            for (cell, ((_, lean), width)) in row.iter().zip(self.columns.iter().zip(&widths)) {
                match lean {
                    Lean::Left => line += &format!("{cell:<width$}  "),
                    Lean::Right => line += &format!("{cell:>width$}  "),
                }
            }
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_a_line_whatever_its_names() {
        let mut table = Table::new([("name", Lean::Left)]);
        table.push(&["a\n\u{1b}[2Jb".to_owned()]);
        assert_eq!(table.to_string(), "name\n-------------\na\\n\\u{1b}[2Jb\n");
    }

    #[test]
    fn words_lean_left_and_numbers_right() {
        let mut table = Table::new([("name", Lean::Left), ("bytes", Lean::Right)]);
        table.push(&["größe".to_owned(), "7 B".to_owned()]);
        table.push(&["x".to_owned(), "1.00 kB".to_owned()]);
        assert_eq!(
            table.to_string(),
            "name     bytes\n-----  -------\ngröße      7 B\nx      1.00 kB\n"
        );
    }
}
