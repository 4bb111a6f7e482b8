//! Experiments with a name, in small.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::path::Path;

use spinet_data::Source;
use spinet_data::idx::{encode_images, encode_labels};
use spinet_lab::{AnyRecord, Environment, FigureRecord, Study, StudyRequest, figure_svg};
use spinet_nn::Kernel;

/// Some images of every class in the form of MNIST: a bright bar whose place is the class, with
/// noise.
fn write_mnist(root: &Path) {
    let write = |name: &str, bytes: Vec<u8>| {
        spinet_train::store::write_atomically(&root.join("mnist").join(name), &bytes).unwrap();
    };
    spinet_train::store::make_directory(&root.join("mnist")).unwrap();
    let part = |count: usize, first: usize| {
        let labels: Vec<u8> = (0..count).map(|index| (index % 10) as u8).collect();
        let pixel = |index: usize, place: usize| {
            let noise = (((first + index) * 784 + place) * 2_654_435_761) >> 7;
            if place / 28 / 2 == usize::from(labels[index]) {
                200 + (noise % 56) as u8
            } else {
                (noise % 60) as u8
            }
        };
        let pixels: Vec<u8> = (0..count * 784)
            .map(|at| pixel(at / 784, at % 784))
            .collect();
        (
            encode_images(&pixels, [28, 28]).unwrap(),
            encode_labels(&labels).unwrap(),
        )
    };
    for (name, count, first) in [("train", 400, 0), ("t10k", 100, 400)] {
        let (images, labels) = part(count, first);
        write(&format!("{name}-images-idx3-ubyte"), images);
        write(&format!("{name}-labels-idx1-ubyte"), labels);
    }
}

fn request(study: Study, root: &Path, threads: usize) -> StudyRequest {
    StudyRequest {
        study,
        runs: 2,
        epochs: Some(4),
        is_limit: false,
        environment: Environment {
            threads,
            source: Source {
                data_dir: Some(root.to_owned()),
                allow_unverified: true,
            },
            kernel: Some(Kernel::F32),
            command: "spinet reproduce grapes-forgetting".to_owned(),
            ..Environment::default()
        },
    }
}

fn figure(request: StudyRequest) -> FigureRecord {
    match request.experiment().unwrap().run(&|_| {}).unwrap() {
        AnyRecord::Figure(record) => record,
        other => panic!("{other:?}"),
    }
}

#[test]
fn tasks_one_after_the_other_are_learned_and_partly_forgotten() {
    let root = tempfile::tempdir().unwrap();
    write_mnist(root.path());
    let record = figure(request(Study::Forgetting, root.path(), 2));
    assert_eq!(
        record,
        figure(request(Study::Forgetting, root.path(), 1)),
        "whatever the number of threads"
    );
    assert_eq!(
        FigureRecord::parse(&record.to_json().unwrap()).unwrap(),
        record
    );
    let titles: Vec<&str> = record
        .panels
        .iter()
        .map(|panel| panel.title.as_str())
        .collect();
    assert_eq!(
        titles,
        [
            "momentum",
            "GRAPES",
            "GRAPES' mean factor",
            "factor 2",
            "BDNN-dsd",
            "BDNN-dsd, bound 0.1",
            "L2"
        ]
    );
    for panel in &record.panels {
        // On the task just learned, and on the first after all of them.
        let own: Vec<f64> = panel
            .curves
            .iter()
            .enumerate()
            .map(|(task, curve)| curve.mean[task])
            .collect();
        let is_bounded = panel.title.starts_with("BDNN");
        assert!(
            is_bounded || own.iter().all(|accuracy| *accuracy > 60.0),
            "{}: {own:?}",
            panel.title
        );
        assert!(
            panel.curves[4].mean[0] < 40.0,
            "{}: a task still to come is a matter of chance",
            panel.title
        );
        let mean_accuracy = panel.curves.iter().map(|curve| curve.mean[4]).sum::<f64>() / 5.0;
        assert!(
            (panel.summary["mean accuracy (%)"] - mean_accuracy).abs() < 1e-3,
            "{panel:?}"
        );
        assert_eq!(
            panel.summary.contains_key("over momentum (%)"),
            panel.title != "momentum"
        );
    }
    let curves: Vec<_> = record.panels.iter().map(|panel| &panel.curves).collect();
    assert!(
        curves[1..5].iter().all(|curve| *curve != curves[0]),
        "the rules do something"
    );
    assert_eq!(
        record.reduced.as_deref(),
        Some("2 runs instead of 5, 4 epochs instead of 1")
    );
    let svg = figure_svg(&record).unwrap();
    assert!(svg.contains("tasks learned") && svg.contains("accuracy (%)"));
    let shown = AnyRecord::from(record);
    assert!(
        shown.text().contains("over momentum, 95 % low") && shown.markdown().contains("| GRAPES |")
    );
}

#[test]
fn split_tasks_are_told_apart_by_class_and_by_domain() {
    let root = tempfile::tempdir().unwrap();
    write_mnist(root.path());
    let record = figure(StudyRequest {
        epochs: Some(1),
        ..request(Study::ForgettingSplit, root.path(), 2)
    });
    let panel = |title: &str| {
        record
            .panels
            .iter()
            .find(|panel| panel.title == title)
            .unwrap_or_else(|| panic!("{title}"))
    };
    assert_eq!(record.panels.len(), 14);
    // An epoch is two steps here: with ten classes there is little to be right by chance, with two
    // there is half.
    let first = |title: &str| {
        panel(title)
            .curves
            .iter()
            .map(|curve| curve.mean[0])
            .sum::<f64>()
            / 5.0
    };
    let (by_class, by_domain) = (
        first("momentum, split by class"),
        first("momentum, split, even or odd"),
    );
    assert!(
        by_class < 40.0 && (30.0..70.0).contains(&by_domain),
        "{by_class} {by_domain}"
    );
}

#[test]
fn a_limit_of_epochs_makes_no_study_longer() {
    let root = tempfile::tempdir().unwrap();
    let work = |request: StudyRequest| request.experiment().unwrap().work(None).unwrap();
    for study in Study::ALL {
        let whole = StudyRequest {
            runs: 5,
            epochs: None,
            ..request(study, root.path(), 1)
        };
        let quick = StudyRequest {
            runs: 2,
            epochs: Some(200),
            is_limit: true,
            ..whole.clone()
        };
        assert!(work(quick) < work(whole), "{study:?}");
    }
}

#[test]
fn every_study_that_is_a_sweep_reads_and_has_its_points() {
    let root = tempfile::tempdir().unwrap();
    for (study, points) in [
        (Study::Parameters, 20),
        (Study::ParametersSmall, 20),
        (Study::GrapesMnist, 9),
        (Study::GrapesDepth, 80),
        (Study::GrapesOptimizers, 21),
        (Study::RulesCompared, 26),
    ] {
        let sweep = request(study, root.path(), 1).sweep().unwrap().unwrap();
        assert_eq!(
            (sweep.file.points.len(), sweep.file.seeds),
            (points, vec![0, 1]),
            "{study:?}"
        );
        assert_eq!(Study::of_word(study.word()), Some(study));
    }
    let forgetting = request(Study::Forgetting, root.path(), 1);
    assert!(forgetting.sweep().unwrap().is_none());
}
