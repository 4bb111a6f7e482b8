//! Predictions as CSV.

use std::fmt::Write;

use spinet::data::Target;
use spinet::{Description, Model};

use crate::show::scores::{kind, ranked};

/// Lines of a CSV file: what identifies a sample, its class, the score of the class, and the scores
/// of all classes where that is asked for. In place of the class: the numbers that are predicted, or
/// 1 for each label that a sample has.
///
/// ```text
/// index,class,probability,probability_ant,probability_bee
/// 0,bee,0.75,0.25,0.75
/// ```
pub(crate) struct Predictions<'a> {
    text: String,
    description: &'a Description,
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
        head.push(id.to_owned());
        let description = &model.description;
        let classes = &description.classes;
        match &description.target {
            Target::Classification => head.extend(["class".to_owned(), kind.to_owned()]),
            Target::MultiLabel { .. } => head.extend_from_slice(classes),
            Target::Regression { numbers } => {
                head.extend(numbers.iter().map(|number| number.name.clone()));
            }
        }
        if has_all {
            head.extend(classes.iter().map(|class| format!("{kind}_{class}")));
        }
        let mut csv = Self {
            text: String::new(),
            description,
            has_file,
            has_all,
        };
        csv.line(head.iter().map(String::as_str));
        csv
    }

    pub(crate) fn add(&mut self, file: &str, id: &str, scores: &[f32]) {
        let mut cells = Vec::new();
        if self.has_file {
            cells.push(file.to_owned());
        }
        cells.push(id.to_owned());
        match &self.description.target {
            Target::Classification => {
                let best = ranked(scores)[0];
                let class = self.description.classes[best].clone();
                cells.extend([class, scores[best].to_string()]);
            }
            Target::MultiLabel { .. } => {
                let has = |score: &f32| u8::from(*score > 0.5).to_string();
                cells.extend(scores.iter().map(has));
            }
            Target::Regression { numbers } => {
                let pairs = numbers.iter().zip(scores);
                cells.extend(pairs.map(|(number, output)| number.number(*output).to_string()));
            }
        }
        if self.has_all {
            let classes = self.description.classes.len();
            cells.extend(scores.iter().take(classes).map(ToString::to_string));
        }
        self.line(cells.iter().map(String::as_str));
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
