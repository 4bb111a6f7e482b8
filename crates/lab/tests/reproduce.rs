//! The experiment as a whole, in small.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use spinet_data::Source;
use spinet_data::idx::{encode_images, encode_labels};
use spinet_lab::{
    AnyRecord, BUILT_IN, Environment, Experiment, Interval, Method, PAPER_TABLES, PaperTable,
    Progress, Record, RunStore, SweepFile, SweepRecord, SweepRequest, TableRequest,
    accuracy_figure, paired_interval, slowness, speedup, spine_figure,
};
use spinet_train::MetricsLog;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

fn environment(threads: usize) -> Environment {
    Environment {
        threads,
        ..Environment::default()
    }
}

fn request(threads: usize) -> TableRequest {
    TableRequest {
        tables: vec![BUILT_IN],
        runs: 2,
        epochs: Some(12),
        methods: Method::ALL.to_vec(),
        rules: Vec::new(),
        hidden: vec![10],
        environment: environment(threads),
    }
}

fn kept(root: &Path) -> Environment {
    Environment {
        store: RunStore {
            directory: Some(root.to_owned()),
            ..RunStore::default()
        },
        ..environment(2)
    }
}

fn reproduce(request: &TableRequest) -> Record {
    match request.run(&|_| {}).unwrap() {
        AnyRecord::Tables(record) => record,
        other => panic!("{other:?}"),
    }
}

fn sweep(request: &SweepRequest) -> SweepRecord {
    match request.run(&|_| {}).unwrap() {
        AnyRecord::Sweep(record) => record,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_record_is_the_same_whatever_the_number_of_threads() {
    let records: Vec<Record> = [1, 2, 3, 4]
        .map(|threads| reproduce(&request(threads)))
        .into();
    for record in &records[1..] {
        assert_eq!(record, &records[0]);
    }
}

#[test]
fn every_method_starts_alike_and_only_rules_make_the_difference() {
    let record = reproduce(&request(2));
    let methods: Vec<Method> = record.rows.iter().map(|row| row.method).collect();
    assert_eq!(methods, Method::ALL);
    for row in &record.rows {
        assert_eq!(
            row.curve.epoch,
            [0, 10, 12],
            "the first and the last state are evaluated"
        );
        assert_eq!(
            row.curve.accuracy[0], record.rows[0].curve.accuracy[0],
            "same initial weights"
        );
        assert_eq!(
            (row.accuracy.values.len(), row.speedup.is_some()),
            (2, row.method != Method::Initial)
        );
    }
    let finals: std::collections::BTreeSet<String> = record
        .rows
        .iter()
        .map(|row| format!("{:?}", row.accuracy.values))
        .collect();
    assert_eq!(finals.len(), 6, "no two methods end alike");
    assert!(
        record.rows[5].curve.counts["shrank"]
            .iter()
            .any(|count| *count > 0.0)
    );
}

/// Curves of the runs with these ids, in their order.
fn curves(directory: &Path, ids: &[String]) -> Vec<Vec<(f64, f64)>> {
    let runs: Vec<_> = std::fs::read_dir(directory)
        .unwrap()
        .map(|run| run.unwrap().path())
        .collect();
    let curve = |id: &String| {
        let run = runs
            .iter()
            .find(|run| run.to_str().unwrap().ends_with(id.as_str()))
            .unwrap();
        let curve = MetricsLog::read(&run.join("metrics.jsonl")).unwrap();
        curve
            .iter()
            .map(|evaluation| (evaluation.epoch as f64, evaluation.score()))
            .collect()
    };
    ids.iter().map(curve).collect()
}

fn is_close(found: f64, expected: f64) -> bool {
    (found - expected).abs() < 1e-4
}

/// An interval and a mean do not tell who was paired with whom; so every pair is made again from
/// the files of its two runs.
fn assert_paired(found: Option<&Interval>, ours: &[f64], theirs: &[f64], what: &str) {
    let found = found.unwrap_or_else(|| panic!("{what}"));
    let expected = paired_interval(ours, theirs).unwrap();
    let mut turned = theirs.to_vec();
    turned.rotate_left(1);
    let other = paired_interval(ours, &turned).unwrap();
    assert!(
        !is_close(other.low, expected.low),
        "{what}: this test could not tell pairs apart"
    );
    let is_same = is_close(found.mean, expected.mean)
        && is_close(found.low, expected.low)
        && is_close(found.high, expected.high);
    assert!(is_same, "{what}: {found:?}, expected {expected:?}");
}

#[test]
fn runs_are_compared_with_the_run_of_the_same_seed() {
    let root = tempfile::tempdir().unwrap();
    let record = reproduce(&TableRequest {
        runs: 3,
        environment: kept(root.path()),
        ..request(2)
    });
    let initial = curves(root.path(), &record.rows[0].ids);
    let last = |curves: &[Vec<(f64, f64)>]| {
        curves
            .iter()
            .map(|curve| 100.0 * curve.last().unwrap().1)
            .collect::<Vec<_>>()
    };
    for row in &record.rows[1..] {
        let (name, ours) = (row.method.name(), curves(root.path(), &row.ids));
        assert_paired(
            row.over_initial.as_ref(),
            &last(&ours),
            &last(&initial),
            name,
        );
        let found = &row.speedup.as_ref().unwrap().values;
        let pairs = |shift: usize| {
            initial
                .iter()
                .cycle()
                .skip(shift)
                .zip(&ours)
                .map(|(initial, ours)| speedup(initial, ours))
        };
        let are_of = |shift: usize| {
            found
                .iter()
                .zip(pairs(shift))
                .all(|(found, pair)| pair.is_some_and(|pair| is_close(*found, pair)))
        };
        assert!(are_of(0) && !are_of(1), "{name}: {found:?}");
    }

    // A sweep with folds: pairs are of one seed and one fold.
    let text = "seeds = 2\nfolds = 3\nreference = \"l2\"\ncontrol = { grapes = \"scalar-gain\" }\ncolumns = [\"slowness\"]\n\
                [base]\nepochs = 40\nlearning_rate = 1.0\nhidden = [10, 10]\ninitialiser = \"xavier\"\n\
                [[product]]\nrules = [[], \"l2:weight_decay=0.002\", \"grapes:gain=3\", \"scalar-gain:gain=3\"]\n";
    let record = sweep(&sweep_request(text, kept(root.path())));
    let of: Vec<Vec<Vec<(f64, f64)>>> = record
        .points
        .iter()
        .map(|point| curves(root.path(), &point.ids))
        .collect();
    assert_eq!((of.len(), of[0].len()), (4, 6));
    for (index, point) in record.points.iter().enumerate().skip(1) {
        assert_paired(
            point.over_initial.as_ref(),
            &last(&of[index]),
            &last(&of[0]),
            "over initial",
        );
        let found = &point.speedup.as_ref().unwrap().values;
        let expected = of[0]
            .iter()
            .zip(&of[index])
            .map(|(initial, ours)| speedup(initial, ours).unwrap());
        assert!(
            found
                .iter()
                .zip(expected)
                .all(|(found, expected)| is_close(*found, expected)),
            "point {index}: {found:?}"
        );
    }
    let slow = |index: usize| {
        of[index]
            .iter()
            .map(|curve| slowness(curve).unwrap())
            .collect::<Vec<_>>()
    };
    for index in [2, 3] {
        let point = &record.points[index];
        assert_paired(
            point.over_reference.as_ref(),
            &last(&of[index]),
            &last(&of[1]),
            "over reference",
        );
        assert_paired(
            point.slowness_over_reference.as_ref(),
            &slow(index),
            &slow(1),
            "slowness over reference",
        );
    }
    assert_paired(
        record.points[2].over_control.as_ref(),
        &last(&of[2]),
        &last(&of[3]),
        "over control",
    );
    assert_paired(
        record.points[2].slowness_over_control.as_ref(),
        &slow(2),
        &slow(3),
        "slowness over control",
    );
}

#[test]
fn progress_adds_up_to_all_the_work() {
    let directory = tempfile::tempdir().unwrap();
    let request = TableRequest {
        environment: kept(directory.path()),
        ..request(2)
    };
    let all = request.work(None).unwrap();
    // A second time every run is found done.
    for expected in [(all, 0), (0, all)] {
        let (done, found) = (AtomicU64::new(0), AtomicU64::new(0));
        let advance = |progress: Progress| {
            let sum = if matches!(progress, Progress::Done(_)) {
                &done
            } else {
                &found
            };
            sum.fetch_add(progress.work(), Ordering::Relaxed);
        };
        request.run(&advance).unwrap();
        assert_eq!((done.into_inner(), found.into_inner()), expected);
    }
}

#[test]
fn tables_and_figures_follow_from_the_stored_record() {
    let record = reproduce(&request(2));
    let stored = Record::parse(&record.to_json().unwrap()).unwrap();
    assert_eq!(stored, record);
    assert!(AnyRecord::from(stored.clone()).text().contains(
        "NOT the full experiment: 2 runs instead of 5, not all networks, 12 epochs instead of 500."
    ));
    assert!(
        AnyRecord::from(stored.clone())
            .markdown()
            .contains("| 10 | bdnn-dsd |")
    );
    for figure in [
        accuracy_figure(&stored).unwrap(),
        spine_figure(&stored).unwrap(),
    ] {
        assert!(figure.starts_with("<svg") && figure.contains("10 hidden units"));
    }
}

#[test]
fn a_changed_rule_is_used_and_said() {
    let rules = vec!["dropout:dropout_rate=0".parse().unwrap()];
    let record = reproduce(&TableRequest {
        rules,
        ..request(2)
    });
    assert_eq!(
        record.rows[1].accuracy, record.rows[0].accuracy,
        "nothing is dropped"
    );
    assert_eq!(
        record.rows[1].rules,
        ["dropout:dropout_rate=0", "momentum:momentum=0.5"]
    );
    assert!(
        AnyRecord::from(record)
            .text()
            .contains("`dropout:dropout_rate=0` instead of the experiment's `dropout`.")
    );
}

#[test]
fn a_network_asked_for_twice_is_run_once() {
    let once = reproduce(&request(1));
    let twice = reproduce(&TableRequest {
        hidden: vec![10, 10],
        ..request(1)
    });
    assert_eq!(once, twice);
}

#[test]
fn records_that_do_not_fit_together_are_refused() {
    let whole = reproduce(&request(2));
    let refused = |change: fn(&mut Record)| {
        let mut record = whole.clone();
        change(&mut record);
        Record::parse(&record.to_json().unwrap())
            .unwrap_err()
            .to_string()
    };
    assert!(
        refused(|record| record.definition.experiments[0] = "../evil".to_owned())
            .ends_with("unknown experiment `../evil`")
    );
    assert!(refused(|record| record.rows.clear()).contains("no rows"));
    assert!(
        refused(|record| record.rows[0].curve.epoch.swap(0, 1))
            .ends_with("the epochs of its curve do not increase")
    );
    assert!(
        refused(|record| record.rows[3].curve.accuracy.truncate(1))
            .contains("a curve has 1 values, expected 3")
    );
}

#[test]
fn requests_that_make_no_sense_are_refused_before_work_starts() {
    static UNTUNED: PaperTable = PaperTable {
        tuned: &[],
        ..PAPER_TABLES[3]
    };
    let refused = |request: TableRequest| {
        let started = request.run(&|_| panic!("work started"));
        started.unwrap_err().to_string()
    };
    assert_eq!(
        refused(TableRequest {
            runs: 0,
            ..request(1)
        }),
        "`runs` must be in [1, 10000], but is 0"
    );
    assert_eq!(
        refused(TableRequest {
            epochs: Some(0),
            ..request(1)
        }),
        "`epochs` must be at least 1, but is 0"
    );
    assert_eq!(
        refused(TableRequest {
            hidden: vec![11],
            ..request(1)
        }),
        "`hidden` must be among 10, 100 for tables-3-4, but is 11"
    );
    let twice = vec!["l2".parse().unwrap(), "l2:weight_decay=1".parse().unwrap()];
    assert!(
        refused(TableRequest {
            rules: twice,
            ..request(1)
        })
        .starts_with("rule `l2:weight_decay=1` is given twice")
    );
    let unused = TableRequest {
        rules: vec!["l2".parse().unwrap()],
        methods: vec![Method::BdnnDsd],
        ..request(1)
    };
    assert!(refused(unused).starts_with("rule `l2` is not run"));
    let misnamed = TableRequest {
        rules: vec!["l3:weight_decay=1".parse().unwrap()],
        ..request(1)
    };
    assert_eq!(
        refused(misnamed),
        "unknown method `l3`, expected one of baseline, dropout, dropout-tuned, l2, l2-as-published, bdnn-dsd"
    );
    let untuned = TableRequest {
        tables: vec![&UNTUNED],
        methods: vec![Method::L2],
        ..request(1)
    };
    assert!(
        refused(untuned).starts_with("tables-7-8 has no tuned option of `l2` with 10 hidden units")
    );
}

fn sweep_request(text: &str, environment: Environment) -> SweepRequest {
    SweepRequest {
        file: SweepFile::parse(text, "s.toml".as_ref()).unwrap(),
        name: "s".to_owned(),
        text: text.to_owned(),
        reduced: None,
        environment,
    }
}

#[test]
fn poisoned_test_labels_change_no_fold_of_a_sweep() {
    let pixels: Vec<u8> = (0..60 * 4)
        .map(|index: u32| (index * index % 251) as u8)
        .collect();
    let record = |test_labels: &[u8]| {
        let root = tempfile::tempdir().unwrap();
        let write = |name: &str, bytes: Vec<u8>| {
            spinet_train::store::write_atomically(&root.path().join("set").join(name), &bytes)
                .unwrap();
        };
        spinet_train::store::make_directory(&root.path().join("set")).unwrap();
        let labels: Vec<u8> = (0..60).map(|index| index % 3).collect();
        write("train-images", encode_images(&pixels, [2, 2]).unwrap());
        write("train-labels", encode_labels(&labels).unwrap());
        write("test-images", encode_images(&pixels[..24], [2, 2]).unwrap());
        write("test-labels", encode_labels(test_labels).unwrap());
        let text = "seeds = 2\nfolds = 3\n[base]\ndata = \"set\"\nhidden = [4]\nepochs = 6\nbatch = 8\n[[product]]\nrules = [[], \"bdnn-dsd\"]\n";
        let source = Source {
            data_dir: Some(root.path().to_owned()),
            ..Source::default()
        };
        let environment = Environment {
            source,
            ..environment(2)
        };
        sweep(&sweep_request(text, environment)).points
    };
    let (clean, poisoned) = (record(&[0, 1, 2, 0, 1, 2]), record(&[2, 2, 1, 1, 0, 0]));
    let numbers = |points: &[spinet_lab::SweepRow]| {
        points
            .iter()
            .map(|point| (point.accuracy.clone(), point.arrays_sha256.clone()))
            .collect::<Vec<_>>()
    };
    assert_eq!(numbers(&clean), numbers(&poisoned));
    assert_eq!(clean.len(), 2);
}
