//! Tables of a record: ours, the paper's, and the difference, with what a reader must know.

use crate::count::{plural, thousands};
use crate::paper::Printed;
use crate::table::{Column, Table};
use crate::{
    Definition, Estimate, Interval, Method, PAPER_TABLES, PaperTable, Record, Row, Settings,
    paired_interval,
};

/// Headings; the methods are words, the rest are numbers.
const HEAD: [&str; 9] = [
    "hidden",
    "method",
    "accuracy %",
    "paper",
    "difference",
    "vs. baseline [95 % CI]",
    "speed-up",
    "paper",
    "difference",
];

/// What the columns mean.
pub(crate) const COLUMNS: [(&str, &str); 3] = [
    (
        "accuracy %",
        "mean ± standard deviation over the runs, on the test samples after the last epoch",
    ),
    (
        "vs. baseline",
        "mean difference to the baseline with the same seed, with its 95 % confidence interval (paired)",
    ),
    (
        "speed-up",
        "the paper's L, how many times faster than the baseline with the same seed, at the accuracy level with the \
         largest difference in time",
    ),
];

/// The tables of a record, one for each experiment and length.
pub(crate) fn tables(record: &Record) -> Vec<Table> {
    let kind = |name| {
        if name == "method" {
            Column::Word
        } else {
            Column::Number
        }
    };
    let table = |(title, rows): (String, Vec<&Row>)| Table {
        is_grouped: true,
        ..Table::new(
            title,
            HEAD.map(|name| (name, kind(name))),
            rows.into_iter().map(cells),
        )
    };
    sections(record).into_iter().map(table).collect()
}

/// Title and rows of every experiment in the record.
pub(crate) fn sections(record: &Record) -> Vec<(String, Vec<&Row>)> {
    let mut sections: Vec<(String, Vec<&Row>)> = Vec::new();
    for row in &record.rows {
        let known = experiment_behind(record, row);
        let title = format!(
            "{}, {} training samples; {} test samples, {} of {} epochs",
            known.map_or(row.data.as_str(), |known| known.title),
            thousands(row.train as u64),
            thousands(row.test as u64),
            plural(row.runs, "run"),
            thousands(row.epochs as u64)
        );
        match sections.last_mut() {
            Some((last, rows)) if *last == title => rows.push(row),
            _ => sections.push((title, vec![row])),
        }
    }
    sections
}

/// The experiment of the registry that a row belongs to.
pub(crate) fn experiment_behind(record: &Record, row: &Row) -> Option<&'static PaperTable> {
    PAPER_TABLES.iter().find(|experiment| {
        record
            .definition
            .experiments
            .iter()
            .any(|name| name == experiment.name)
            && experiment.paper_data == row.data
            && experiment.hidden.contains(&row.hidden)
            && (experiment.paper_train == 1200) == (row.train == 1200)
    })
}

/// The cells of a row, one for each of [`HEAD`].
fn cells(row: &Row) -> Vec<String> {
    let printed = |number: Option<Printed>| match number {
        Some((mean, Some(deviation))) => format!("{mean} ± {deviation}"),
        Some((mean, None)) => mean.to_string(),
        None => String::new(),
    };
    let difference = |ours: Option<&Estimate>, paper: Option<Printed>| match (ours, paper) {
        (Some(ours), Some((paper, _))) => format!("{:+.2}", ours.mean - paper),
        _ => String::new(),
    };
    let speedup = row.speedup.as_ref();
    vec![
        row.hidden.to_string(),
        row.method.name().to_owned(),
        estimate(&row.accuracy, row.runs),
        printed(row.paper.accuracy),
        difference(Some(&row.accuracy), row.paper.accuracy),
        row.over_initial.as_ref().map_or_else(String::new, interval),
        speedup.map_or_else(String::new, |speedup| estimate(speedup, row.runs)),
        printed(row.paper.speedup),
        difference(speedup, row.paper.speedup),
    ]
}

pub(crate) fn estimate(estimate: &Estimate, runs: usize) -> String {
    estimate_to(2, estimate, runs)
}

/// With so many digits after the point.
pub(crate) fn estimate_to(digits: usize, estimate: &Estimate, runs: usize) -> String {
    let Estimate { mean, sd, .. } = estimate;
    if runs < 2 {
        format!("{mean:.digits$}")
    } else {
        format!("{mean:.digits$} ± {sd:.digits$}")
    }
}

pub(crate) fn interval(interval: &Interval) -> String {
    interval_to(2, interval)
}

/// With so many digits after the point.
pub(crate) fn interval_to(digits: usize, interval: &Interval) -> String {
    let Interval { mean, low, high } = interval;
    format!("{mean:+.digits$} [{low:+.digits$}, {high:+.digits$}]")
}

/// What a reader must know to believe the tables, in lines of at most 120 characters.
pub(crate) fn notes(record: &Record) -> String {
    let definition = &record.definition;
    let mut notes = String::new();
    let columns = COLUMNS.map(|(name, meaning)| format!("{name}: {meaning}.\n"));
    let seeds = seeds_in_words(&definition.seeds);
    let Definition {
        learning_rate,
        settings,
        kernel,
        ..
    } = definition;
    let Settings {
        batch,
        initializer,
        momentum,
        standardize,
    } = settings;
    let setting = |name: &str, value: &Option<String>| {
        value
            .as_ref()
            .map_or_else(String::new, |value| format!("{name} {value}, "))
    };
    let (momentum, pixels) = (
        setting("momentum", momentum),
        setting("pixels standardized by", standardize),
    );
    notes += &columns.concat();
    notes += &format!(
        "\nSettings: learning rate {learning_rate}, {momentum}batch {batch}, {pixels}initial weights {initializer}, {seeds}, kernel {kernel}.\n"
    );
    for (title, lines) in comparisons(record) {
        notes += &format!("\n{title}:\n\n- {}\n", lines.join("\n- "));
    }
    for (title, points) in definition.lists() {
        let lines: String = points.iter().map(|point| wrapped(point)).collect();
        notes += &format!("\n{title}:\n\n{lines}");
    }
    notes
}

/// What the rows say together, each with its title.
pub(crate) fn comparisons(record: &Record) -> impl Iterator<Item = (&'static str, Vec<String>)> {
    [
        (AGAINST_THE_BEST, against_the_best_other(record)),
        (AFTER_THE_PAPERS_EPOCHS, after_the_papers_epochs(record)),
    ]
    .into_iter()
    .filter(|(_, lines)| !lines.is_empty())
}

impl Definition {
    /// Lists that a record has, each with its title.
    pub(crate) fn lists(&self) -> impl Iterator<Item = (&'static str, &[String])> {
        [
            ("Length of a run", self.lengths.as_slice()),
            (
                "Tuned on validation folds of the training samples",
                &self.tuned,
            ),
            (
                "What the paper leaves open, and what was chosen",
                &self.open_points,
            ),
        ]
        .into_iter()
        .filter(|(_, points)| !points.is_empty())
    }
}

/// `seeds 0 to 4`, or each by its number if they do not follow one another.
pub(crate) fn seeds_in_words(seeds: &[u64]) -> String {
    match seeds {
        [only] => format!("seed {only}"),
        [first, .., last]
            if seeds
                .windows(2)
                .all(|pair| pair[0].checked_add(1) == Some(pair[1])) =>
        {
            format!("seeds {first} to {last}")
        }
        seeds => format!(
            "seeds {}",
            seeds
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(", ")
        ),
    }
}

/// Title of [`against_the_best_other`].
const AGAINST_THE_BEST: &str = "bdnn-dsd minus the best of the others [95 % CI, paired]";

/// For each network: BDNN-dsd's accuracy minus that of the best other method, paired by seed.
pub(crate) fn against_the_best_other(record: &Record) -> Vec<String> {
    let line = |own: &Row| {
        let network = |row: &Row| (row.hidden, row.train, row.data.clone());
        let others = record.rows.iter().filter(|row| row.method != own.method);
        let best = others
            .filter(|row| network(row) == network(own))
            .max_by(|a, b| a.accuracy.mean.total_cmp(&b.accuracy.mean))?;
        let difference = paired_interval(&own.accuracy.values, &best.accuracy.values)?;
        let verdict = match difference {
            Interval { low, .. } if low > 0.0 => "better",
            Interval { high, .. } if high < 0.0 => "worse",
            _ => "undecided",
        };
        let (network, difference) = (network_of(own), interval(&difference));
        let method = best.method.name();
        Some(format!(
            "{network}: {difference} against {method}, {verdict}"
        ))
    };
    let rows = record.rows.iter();
    rows.filter(|row| row.method == Method::BdnnDsd)
        .filter_map(line)
        .collect()
}

/// A network in words.
pub(crate) fn network_of(row: &Row) -> String {
    format!(
        "{} {}, {} hidden units",
        thousands(row.train as u64),
        row.data,
        row.hidden
    )
}

/// Length of every run in the paper.
const PAPER_EPOCHS: usize = 500;

/// Title of [`after_the_papers_epochs`].
const AFTER_THE_PAPERS_EPOCHS: &str =
    "Accuracy % after 500 epochs, the length that the paper states";

/// Where runs are longer than the paper's: the mean accuracies after the length that it states.
fn after_the_papers_epochs(record: &Record) -> Vec<String> {
    let mut lines: Vec<(String, String)> = Vec::new();
    for row in record.rows.iter().filter(|row| row.epochs > PAPER_EPOCHS) {
        let Some(index) = row
            .curve
            .epoch
            .iter()
            .position(|epoch| *epoch == PAPER_EPOCHS)
        else {
            continue;
        };
        let part = format!("{} {:.2}", row.method.name(), row.curve.accuracy[index]);
        match lines.last_mut() {
            Some((network, line)) if *network == network_of(row) => *line += &format!(", {part}"),
            _ => lines.push((network_of(row), part)),
        }
    }
    lines
        .into_iter()
        .map(|(network, line)| format!("{network}: {line}"))
        .collect()
}

/// One point of a list, with line breaks where a terminal needs them.
fn wrapped(point: &str) -> String {
    const WIDTH: usize = 116;
    let (mut text, mut length) = ("-".to_owned(), 1);
    for word in point.split_whitespace() {
        if length + 1 + word.chars().count() > WIDTH {
            text.push_str("\n ");
            length = 1;
        }
        text.push(' ');
        text.push_str(word);
        length += 1 + word.chars().count();
    }
    text + "\n"
}

#[cfg(test)]
mod tests {
    use crate::report::tests::{reduced, tables};
    use crate::{AnyRecord, Record};

    #[test]
    fn the_table_shows_ours_the_papers_and_the_difference() {
        let text = AnyRecord::Tables(tables()).text();
        let line = text
            .lines()
            .find(|line| line.starts_with("   100  bdnn-dsd"))
            .unwrap();
        assert_eq!(
            line.split_whitespace().collect::<Vec<_>>().join(" "),
            "100 bdnn-dsd 87.75 ± 0.71 89.56 ± 0.13 -1.81 +4.00 [+3.50, +4.50] 2.50 ± 0.71 3 -0.50"
        );
        assert!(text.starts_with("Tables 3 and 4: MNIST, 1,200 training samples; 10,000 test samples, 2 runs of 300 epochs\n"));
    }

    #[test]
    fn a_smaller_run_says_so_and_open_points_are_named() {
        let record = AnyRecord::Tables(reduced());
        for text in [record.text(), record.markdown()] {
            assert!(
                text.contains("NOT the full experiment: 2 runs instead of 5."),
                "{text}"
            );
            assert!(text.contains("- an open point"));
        }
    }

    #[test]
    fn a_record_reads_back_as_it_was_written() {
        let json = tables().to_json().unwrap();
        assert_eq!(Record::parse(&json).unwrap(), tables());
        let value: serde_json::Value = serde_json::from_str(&json).unwrap();
        let row = &value["rows"][1];
        assert_eq!(row["method"], "bdnn-dsd");
        assert_eq!(row["paper"]["accuracy"], serde_json::json!([89.56, 0.13]));
        assert_eq!(row["accuracy"]["values"], serde_json::json!([87.25, 88.25]));
    }
}
