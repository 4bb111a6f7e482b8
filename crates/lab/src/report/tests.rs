//! The report as a reader's browser would take it apart.

use std::collections::{BTreeMap, BTreeSet};

use super::{Stored, report};
use crate::figure::tests::assert_well_formed;
use crate::{
    AnyRecord, Curve, Definition, Estimate, FigureCurve, FigurePanel, FigureRecord, Interval,
    Method, Published, Record, Row, SweepDefinition, SweepRecord, SweepRow,
};

/// Elements without an end.
const VOID: [&str; 3] = ["meta", "link", "br"];

/// A start or end tag: its name, its attributes as they stand, and whether it is an end or closes
/// itself.
struct Tag<'a> {
    name: &'a str,
    attributes: &'a str,
    is_end: bool,
    is_closed: bool,
}

/// Every tag; the style sheet is no markup.
fn tags(html: &str) -> Vec<Tag<'_>> {
    let mut tags = Vec::new();
    let mut rest = html;
    while let Some((_, after)) = rest.split_once('<') {
        let (inside, after) = after.split_once('>').expect("a tag ends");
        rest = after;
        if inside.starts_with('!') {
            continue;
        }
        let is_end = inside.starts_with('/');
        let inner = inside.trim_start_matches('/').trim_end_matches('/');
        let (name, attributes) = inner.split_once(char::is_whitespace).unwrap_or((inner, ""));
        if name == "style" && !is_end {
            rest = rest.split_once("</style>").expect("the style sheet ends").1;
            continue;
        }
        tags.push(Tag {
            name,
            attributes,
            is_end,
            is_closed: inside.ends_with('/'),
        });
    }
    tags
}

fn attribute<'a>(tag: &Tag<'a>, name: &str) -> Option<&'a str> {
    let start = format!("{name}=\"");
    let at = tag
        .attributes
        .match_indices(&start)
        .find(|(at, _)| *at == 0 || tag.attributes.as_bytes()[at - 1].is_ascii_whitespace())?
        .0;
    tag.attributes[at + start.len()..].split('"').next()
}

/// Complains about tags that do not pair, an id that is there twice, a link or label that leads
/// nowhere, and anything from outside.
fn check(html: &str) {
    let tags = tags(html);
    let mut open = Vec::new();
    let mut ids = BTreeSet::new();
    for tag in &tags {
        if tag.is_end {
            assert_eq!(
                open.pop(),
                Some(tag.name),
                "an end tag closes the last that is open"
            );
        } else if !tag.is_closed && !VOID.contains(&tag.name) {
            open.push(tag.name);
        }
        if let Some(id) = attribute(tag, "id") {
            assert!(ids.insert(id), "`{id}` is there twice");
        }
        assert!(
            !["script", "img", "iframe", "object", "embed", "form", "base"].contains(&tag.name),
            "<{}>",
            tag.name
        );
        // Every second piece stands in quotes.
        let names: String = tag.attributes.split('"').step_by(2).collect();
        assert!(
            !names.contains(" on") && !names.contains("src="),
            "{}",
            tag.attributes
        );
    }
    assert_eq!(open, [""; 0]);
    for tag in &tags {
        if let Some(target) = attribute(tag, "href").filter(|_| tag.name == "a") {
            assert!(
                target.strip_prefix('#').is_some_and(|id| ids.contains(id)),
                "`{target}` leads nowhere"
            );
        }
        if let Some(id) = attribute(tag, "aria-labelledby") {
            assert!(ids.contains(id), "`{id}` labels nothing");
        }
        if tag.name == "div" && attribute(tag, "role") == Some("region") {
            assert_eq!(
                attribute(tag, "tabindex"),
                Some("0"),
                "the keyboard can scroll it"
            );
            assert!(attribute(tag, "aria-label").is_some_and(|label| !label.is_empty()));
        }
        if tag.name == "th" && !tag.is_end {
            assert!(attribute(tag, "scope").is_some(), "{}", tag.attributes);
        }
    }
    let count = |name: &str| {
        tags.iter()
            .filter(|tag| tag.name == name && !tag.is_end)
            .count()
    };
    assert_eq!(
        (count("table"), count("main"), count("h1")),
        (count("caption"), 1, 1)
    );
    assert_eq!(
        html.matches("http").count(),
        html.matches("xmlns=\"http://www.w3.org/2000/svg\"").count()
            + html.matches("http-equiv").count()
    );
}

fn row(method: Method, hidden: usize, mean: f64) -> Row {
    let epoch: Vec<usize> = (0..=300).step_by(10).collect();
    let rising = |start: f64| {
        epoch
            .iter()
            .map(|epoch| start + *epoch as f64 / 10.0)
            .collect::<Vec<_>>()
    };
    let spines = || {
        [
            "grew",
            "shrank",
            "appeared",
            "disappeared",
            "saturated",
            "zero_bounds",
            "zero_weights",
        ]
        .map(str::to_owned)
    };
    let counts = if method == Method::BdnnDsd {
        spines()
            .into_iter()
            .map(|name| (name, rising(1.0)))
            .collect()
    } else {
        BTreeMap::new()
    };
    let compared = method != Method::Initial;
    Row {
        data: "mnist".to_owned(),
        train: 1200,
        test: 10_000,
        hidden,
        method,
        rules: if compared {
            vec![format!("{}:x=1", method.name())]
        } else {
            Vec::new()
        },
        runs: 2,
        epochs: 300,
        accuracy: Estimate::of(vec![mean, mean + 1.0]),
        peak_accuracy: Estimate::of(vec![mean + 1.0, mean + 2.0]),
        speedup: compared.then(|| Estimate::of(vec![2.0, 3.0])),
        over_initial: compared.then_some(Interval {
            mean: 4.0,
            low: 3.5,
            high: 4.5,
        }),
        paper: Published {
            accuracy: Some((89.56, Some(0.13))),
            speedup: Some((3.0, None)),
        },
        ids: vec!["id-of-seed-0".to_owned(), "id-of-seed-1".to_owned()],
        arrays_sha256: vec!["a".repeat(64), "b".repeat(64)],
        curve: Curve {
            accuracy: rising(40.0),
            accuracy_sd: rising(0.1),
            epoch,
            counts,
        },
    }
}

pub(crate) fn tables() -> Record {
    let words = |text: &str| vec![text.to_owned()];
    let definition = Definition {
        unverified: Vec::new(),
        experiments: words("tables-3-4"),
        command: "spinet reproduce --runs 2".to_owned(),
        program: "0.0.7".to_owned(),
        reduced: None,
        seeds: vec![0, 1],
        learning_rate: 0.1,
        kernel: "exact".to_owned(),
        settings: crate::Settings {
            batch: crate::Batch::All(600),
            initializer: "uniform(1)".to_owned(),
            momentum: None,
            standardize: None,
        },
        lengths: words("a length"),
        tuned: words("l2 by `spinet tune --rule l2`"),
        open_points: words("an open point"),
        digests: BTreeMap::from([("mnist-1200".to_owned(), ["c".repeat(64), "d".repeat(64)])]),
    };
    let rows = [10, 100].map(|hidden| {
        [
            row(Method::Initial, hidden, 81.0),
            row(Method::BdnnDsd, hidden, 87.25),
        ]
    });
    Record {
        rows: rows.into_iter().flatten().collect(),
        definition,
    }
}

fn stored(name: &str, record: impl Into<AnyRecord>) -> Stored {
    Stored {
        name: name.to_owned(),
        record: record.into(),
    }
}

/// Tables that are smaller than the experiment.
pub(crate) fn reduced() -> Record {
    let mut record = tables();
    record.definition.reduced = Some("2 runs instead of 5".to_owned());
    record
}

fn figures() -> [FigureRecord; 2] {
    let panel = |title: &str| FigurePanel {
        title: title.to_owned(),
        rules: vec!["bdnn-dsd".to_owned()],
        edges: vec![-1.0, 0.0, 1.0],
        counts: vec![3.0, 4.5],
        counts_sd: vec![0.0, 0.5],
        summary: BTreeMap::from([("largest".to_owned(), 0.625)]),
        ..FigurePanel::default()
    };
    let curves = |title: &str| FigurePanel {
        title: title.to_owned(),
        rules: vec!["bdnn-dsd".to_owned()],
        summary: BTreeMap::from([("most".to_owned(), 9.0)]),
        epoch: vec![1, 2],
        curves: vec![FigureCurve {
            label: "zero".to_owned(),
            mean: vec![0.0, 9.0],
            sd: vec![0.0, 1.0],
        }],
        ..FigurePanel::default()
    };
    let record = |figure: &str, panels| FigureRecord {
        panels,
        figure: figure.to_owned(),
        title: format!("The title of {figure}"),
        description: "What there is to see".to_owned(),
        command: "spinet reproduce".to_owned(),
        program: "0.0.7".to_owned(),
        reduced: Some("2 runs instead of 5".to_owned()),
        kernel: "exact".to_owned(),
        seeds: vec![0, 1],
        ..FigureRecord::default()
    };
    [
        ("figure-3", vec![panel("initial"), panel("l2")]),
        ("figure-5", vec![curves("zero weights")]),
    ]
    .map(|(figure, panels)| record(figure, panels))
}

#[test]
fn figures_of_the_paper_are_drawn_summed_up_and_read_back() {
    let figures = figures();
    let [first, second] = figures.clone();
    let html = report(&[
        stored("figure-3.json", first),
        stored("figure-5.json", second),
        stored("a.json", tables()),
    ]);
    check(&html);
    assert!(
        html.contains("<title>The title of figure-3</title>")
            && html.contains("<title>The title of figure-5</title>")
    );
    assert!(
        html.contains("<td>0.625</td>")
            && html.contains("<td>9</td>")
            && html.contains("NOT the full figure")
    );
    for record in figures {
        assert_eq!(
            FigureRecord::parse(&record.to_json().unwrap()).unwrap(),
            record
        );
        let mut damaged = record;
        damaged.panels[0].counts.push(1.0);
        assert!(
            FigureRecord::parse(&damaged.to_json().unwrap())
                .unwrap_err()
                .to_string()
                .contains("counts for")
        );
    }
}

fn sweep() -> SweepRecord {
    let point = |settings: &[(&str, &str)], mean: f64| SweepRow {
        settings: settings
            .iter()
            .map(|(axis, value)| ((*axis).to_owned(), (*value).to_owned()))
            .collect(),
        train: 800,
        scored: 400,
        runs: 4,
        accuracy: Estimate::of(vec![mean, mean + 1.0, mean + 2.0, mean + 3.0]),
        peak_accuracy: Estimate::of(vec![mean + 1.0; 4]),
        speedup: (mean > 80.0).then(|| Estimate::of(vec![2.0, 3.0, 2.0, 3.0])),
        over_initial: (mean > 80.0).then_some(Interval {
            mean: 4.0,
            low: 3.5,
            high: 4.5,
        }),
        slowness: (mean > 84.0).then(|| Estimate::of(vec![0.25, 0.5, 0.25, 0.5])),
        seconds: (mean > 84.0).then_some(1.25),
        run_toml: "seed = 0\n".to_owned(),
        ids: vec!["id".to_owned(); 4],
        arrays_sha256: vec!["e".repeat(64); 4],
        ..SweepRow::default()
    };
    let points = vec![
        point(&[("rules", "none")], 80.0),
        point(&[("bdnn-dsd.threshold", "5")], 85.0),
        point(&[("bdnn-dsd.threshold", "10")], 83.0),
    ];
    let definition = SweepDefinition {
        sweep: "thresholds".to_owned(),
        command: "spinet sweep thresholds.toml".to_owned(),
        program: "0.0.7".to_owned(),
        kernel: "exact".to_owned(),
        seeds: vec![0, 1],
        scored_on: "validation samples, 2 of 3 folds".to_owned(),
        file: "seeds = 2\n".to_owned(),
        ..SweepDefinition::default()
    };
    SweepRecord { points, definition }
}

#[test]
fn a_sweep_has_its_points_figure_runs_and_file_and_names_the_highest() {
    let html = report(&[
        stored("thresholds.json", sweep()),
        stored("more/thresholds.json", sweep()),
        stored("tables-3-4.json", tables()),
    ]);
    check(&html);
    assert!(html.contains("highest: 86.50 % with bdnn-dsd.threshold = 5"));
    assert!(
        html.contains("<title>Sweep thresholds</title>"),
        "its figure is drawn"
    );
    assert!(html.contains("<td>+4.00 [+3.50, +4.50]</td>") && html.contains("1, fold 2</th>"));
    assert!(html.contains("from 3 records"));
    // A long list of axes is cut short where it would fill the overview.
    let with = |axes: &[&str]| {
        let mut long = sweep();
        long.points[0]
            .settings
            .extend(axes.iter().map(|axis| ((*axis).to_owned(), "1".to_owned())));
        report(&[stored("long.json", long)])
    };
    assert!(
        with(&["a", "b"])
            .contains("Sweep over rules, a, b, bdnn-dsd.threshold: 3 configurations, 4 runs each")
    );
    assert!(
        with(&["a", "b", "c", "d"])
            .contains("Sweep over rules, a, b, c and 2 more: 3 configurations, 4 runs each")
    );
    // Columns that one point has: the slowness of 0.25, 0.5, 0.25, 0.5 and the seconds, and nothing
    // of weights that are left.
    assert!(
        html.contains(">epochs to plateau (s)</th>") && html.contains("<td>0.3750 ± 0.1443</td>"),
        "{html}"
    );
    assert!(
        html.contains(">seconds</th>")
            && html.contains("<td>1.2</td>")
            && !html.contains("weights left"),
        "{html}"
    );

    // A reference that is the network without rules at every point is not told twice.
    let mut referred = sweep();
    referred.definition.reference = Some("l2".to_owned());
    referred
        .points
        .iter_mut()
        .for_each(|point| point.over_reference = point.over_initial);
    assert!(!report(&[stored("a.json", referred.clone())]).contains("vs. l2"));
    referred.points[1].over_reference = Some(Interval {
        mean: 1.0,
        low: 0.5,
        high: 1.5,
    });
    assert!(report(&[stored("a.json", referred)]).contains("vs. l2 [95 % CI]"));

    let mut hostile = sweep();
    let definition = &mut hostile.definition;
    for text in [
        &mut definition.sweep,
        &mut definition.command,
        &mut definition.file,
        &mut definition.scored_on,
    ] {
        *text = "<script>".to_owned();
    }
    definition.unverified = vec!["<script>".to_owned()];
    for point in &mut hostile.points {
        point
            .settings
            .push(("<script>".to_owned(), "<script>".to_owned()));
        point.run_toml = "<script>".to_owned();
        (point.ids, point.arrays_sha256, point.accuracy.values) =
            (vec!["<script>".to_owned()], Vec::new(), vec![f64::NAN]);
    }
    check(&report(&[stored("</title><script>.json", hostile)]));
}

#[test]
fn a_report_of_records_is_well_formed_and_every_link_in_it_leads_somewhere() {
    check(&report(&[
        stored("more/tables-3-4.json", reduced()),
        stored("tables-3-4.json", tables()),
        stored("tables/3-4.json", tables()),
    ]));
    check(&report(&[]));
}

#[test]
fn everything_that_a_reader_needs_to_believe_a_number_is_in_it() {
    let html = report(&[stored("tables-3-4.json", tables())]);
    for text in [
        "87.75 ± 0.71",
        "89.56 ± 0.13",
        "-1.81",
        "+4.00 [+3.50, +4.50]",
        "2.50 ± 0.71",
        "against baseline, better",
        "a length",
        "<code>spinet tune --rule l2</code>",
        "an open point",
        "id-of-seed-1",
        "spinet reproduce table3 --hidden 10 --methods bdnn-dsd --runs 2 --epochs 300 --kernel exact --rule 'bdnn-dsd:x=1'",
        "spinet train --data mnist-1200 --hidden 100 --epochs 300 --evaluate-every 10 --learning-rate 0.1 --batch 600 --initialiser \
         'uniform(1)' --kernel exact --seed 0",
        "0.0.7",
        "seeds 0 to 1",
    ] {
        assert!(html.contains(text), "{text}");
    }
    for digit in ["a", "b", "c", "d"] {
        assert!(html.contains(&format!("<code>{}</code>", digit.repeat(64))));
    }
    assert_eq!(
        html.matches("<svg").count(),
        2 + 2 * 2,
        "accuracy, spine events and spine states of two networks"
    );
    assert_eq!(html.matches("<title>").count(), 1 + 6);
    assert!(!html.contains("NOT the full experiment"));
}

#[test]
fn a_reduced_record_says_so_in_its_section_in_the_overview_and_in_the_contents_and_comes_last() {
    let html = report(&[stored("a.json", reduced()), stored("b.json", tables())]);
    assert!(html.contains("<strong>NOT the full experiment:</strong> 2 runs instead of 5."));
    assert!(
        html.contains("<td><strong>NOT the full experiment</strong></td>")
            && html.contains("<span class=\"tag\">reduced</span>")
    );
    let [a, b] = ["a", "b"].map(|name| html.find(&format!("<section id=\"{name}\"")).unwrap());
    assert!(b < a);
}

#[test]
fn the_experiment_with_the_most_rows_comes_first() {
    let mut all = tables();
    all.rows.push(all.rows[0].clone());
    let html = report(&[stored("a.json", tables()), stored("b.json", all)]);
    let [a, b] = ["a", "b"].map(|name| html.find(&format!("<section id=\"{name}\"")).unwrap());
    assert!(b < a);
}

#[test]
fn the_same_records_give_the_same_bytes() {
    let page = || report(&[stored("a.json", tables()), stored("b.json", sweep())]);
    assert_eq!(page(), page());
}

#[test]
fn text_of_a_hostile_record_stays_text() {
    const EVIL: &str =
        "</code></style><script>alert(1)</script>\"><img src=x onerror='alert(2)'>\u{202e}`";
    let mut hostile = tables();
    let evil = || EVIL.to_owned();
    let Record { rows, definition } = &mut hostile;
    for row in rows.iter_mut() {
        (row.data, row.rules, row.ids, row.arrays_sha256) =
            (evil(), vec![evil()], vec![evil()], vec![evil()]);
        row.curve.counts.insert(evil(), row.curve.accuracy.clone());
    }
    rows.push(rows[0].clone());
    for text in [
        &mut definition.command,
        &mut definition.program,
        &mut definition.kernel,
        &mut definition.settings.initializer,
    ] {
        *text = evil();
    }
    for list in [
        &mut definition.experiments,
        &mut definition.lengths,
        &mut definition.tuned,
        &mut definition.open_points,
    ] {
        list.push(evil());
    }
    definition.reduced = Some(evil());
    definition.unverified = vec![evil()];
    definition.digests.insert(evil(), [evil(), evil()]);
    let html = report(&[stored(EVIL, hostile.clone()), stored(EVIL, hostile)]);
    check(&html);
    assert!(html.contains("&lt;script&gt;alert(1)&lt;/script&gt;") && !html.contains('\u{202e}'));
}

/// The record as JSON with `evil` behind every text that may be anything; the record is still read.
fn poisoned<R>(json: &str, evil: &str, parse: fn(&str) -> Result<R, crate::Error>) -> R {
    fn texts(value: &mut serde_json::Value) -> Vec<&mut String> {
        match value {
            serde_json::Value::String(text) => vec![text],
            serde_json::Value::Array(values) => values.iter_mut().flat_map(texts).collect(),
            serde_json::Value::Object(values) => values.values_mut().flat_map(texts).collect(),
            _ => Vec::new(),
        }
    }
    let mut record: serde_json::Value = serde_json::from_str(json).unwrap();
    record.as_object_mut().unwrap().remove("sha256");
    for index in 0..texts(&mut record).len() {
        let before = record.clone();
        // Numbers stay, so that there is something to draw.
        let text = texts(&mut record).swap_remove(index);
        if text.parse::<f64>().is_err() {
            text.push_str(evil);
        }
        if parse(&record.to_string()).is_err() {
            record = before;
        }
    }
    parse(&record.to_string()).unwrap()
}

#[test]
fn no_text_of_a_record_brings_a_control_character_or_a_mark_of_direction_into_the_report_or_its_figures()
 {
    const EVIL: &str =
        "\u{1}\u{7}\u{1b}[31m\u{7f}\u{85}\u{61c}\u{200f}\u{202e}\u{2066}\u{206a}\u{fffe}";
    let direction = FigureRecord::parse(include_str!("record-direction.json")).unwrap();
    let mut figures = figures();
    figures[1].axes = Some(["task", "accuracy"].map(str::to_owned));
    let figures = figures
        .into_iter()
        .map(|record| poisoned(&record.to_json().unwrap(), EVIL, FigureRecord::parse));
    let figures: Vec<FigureRecord> = figures.chain([direction]).collect();
    let table = poisoned(&tables().to_json().unwrap(), EVIL, Record::parse);
    let sweep = poisoned(&sweep().to_json().unwrap(), EVIL, SweepRecord::parse);
    let mut svgs: Vec<String> = figures
        .iter()
        .map(|record| crate::figure_svg(record).unwrap())
        .collect();
    svgs.extend([
        crate::accuracy_figure(&table).unwrap(),
        crate::spine_figure(&table).unwrap(),
    ]);
    svgs.extend(crate::sweep_figure(&sweep).unwrap());
    assert_eq!(svgs.len(), figures.len() + 3);
    for svg in &svgs {
        assert_well_formed(svg);
    }
    let all = figures.into_iter().map(AnyRecord::from);
    let all = all.chain([table.into(), sweep.into()]);
    let html = report(&all.map(|record| stored(EVIL, record)).collect::<Vec<_>>());
    check(&html);
    for text in svgs.iter().chain([&html]) {
        assert_eq!(
            text.chars().find(|c| *c != '\n' && crate::is_harmful(*c)),
            None
        );
    }
}

#[test]
fn a_record_without_curves_or_with_numbers_beyond_all_measure_still_gives_a_page() {
    let mut bare = tables();
    bare.rows
        .iter_mut()
        .for_each(|row| row.curve = Curve::default());
    let mut huge = tables();
    for row in &mut huge.rows {
        row.curve
            .accuracy
            .iter_mut()
            .for_each(|value| *value = 1e308);
        row.curve
            .counts
            .values_mut()
            .flatten()
            .for_each(|value| *value = -1e308);
        (row.accuracy.mean, row.accuracy.values) = (1e308, Vec::new());
    }
    let html = report(&[stored("bare.json", bare), stored("huge.json", huge)]);
    check(&html);
    assert!(html.contains("This record has no curve."));
}
