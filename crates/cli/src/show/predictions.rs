//! Predictions as CSV.

use std::fmt::Write;

use spinet::Model;

use crate::show::scores::{kind, ranked};

/// Lines of a CSV file: what identifies a sample, its class, the score of the class, and the scores
/// of all classes where that is asked for.
///
/// ```text
/// index,class,probability,probability_ant,probability_bee
/// 0,bee,0.75,0.25,0.75
/// ```
pub(crate) struct Predictions<'a> {
    text: String,
    classes: &'a [String],
    has_file: bool,
    has_all: bool,
}

impl<'a> Predictions<'a> {
    /// The header. `ids` are the names of what identifies the samples of each file; with several
    /// files, the first column says which.
    pub(crate) fn new(model: &'a Model, ids: &[&str], has_all: bool) -> Self {
        let kind = kind(model);
        let mut head = Vec::new();
        let has_file = ids.len() > 1;
        if has_file {
            head.push("file".to_owned());
        }
        let id = ids.first().copied().unwrap_or("index");
        head.extend([id.to_owned(), "class".to_owned(), kind.to_owned()]);
        let classes = &model.description.classes;
        if has_all {
            head.extend(classes.iter().map(|class| format!("{kind}_{class}")));
        }
        let mut csv = Self {
            text: String::new(),
            classes,
            has_file,
            has_all,
        };
        csv.line(head.iter().map(String::as_str));
        csv
    }

    pub(crate) fn add(&mut self, file: &str, id: &str, scores: &[f32]) {
        let best = ranked(scores)[0];
        let all: &[f32] = if self.has_all { scores } else { &[] };
        let numbers: Vec<String> = std::iter::once(&scores[best])
            .chain(all)
            .map(ToString::to_string)
            .collect();
        let classes = self.classes;
        let cells = self.has_file.then_some(file).into_iter();
        let cells = cells.chain([id, classes[best].as_str()]);
        self.line(cells.chain(numbers.iter().map(String::as_str)));
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    fn line<'b>(&mut self, cells: impl Iterator<Item = &'b str>) {
        for (index, cell) in cells.enumerate() {
            if index > 0 {
                self.text.push(',');
            }
            self.cell(cell);
        }
        self.text.push('\n');
    }

    /// In quotes where it would be read as something else.
    fn cell(&mut self, cell: &str) {
        let is_plain = !cell.contains([',', '"', '\n', '\r', '#']) && cell.trim() == cell;
        // Writing to a string cannot fail.
        let _ = if is_plain {
            write!(self.text, "{cell}")
        } else {
            write!(self.text, "\"{}\"", cell.replace('"', "\"\""))
        };
    }
}
