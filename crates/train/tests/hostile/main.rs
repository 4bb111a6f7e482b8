//! Models, checkpoints and configurations made to hurt: 20,000 mutated files of each kind, half of
//! them with a checksum that fits again, lying headers, and every cut and flipped bit of files of
//! ordinary size.
#![allow(
    clippy::disallowed_methods,
    reason = "tests write only into their own temporary directories"
)]
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::fs;
use std::path::Path;

use spinet_nn::Threads;
use spinet_testing::files::{Files, config};
use spinet_testing::mutate::{FILES, MIB, Numbers, mutate, run};
use spinet_testing::{memory, reseal};
use spinet_train::{Model, RunDirectory, TrainConfig, Trainer};

#[global_allocator]
static ALLOCATOR: memory::Counting = memory::Counting;

/// A whole file with other content, under a checksum that fits.
fn resealed(
    bytes: &[u8],
    change: &mut dyn FnMut(&str) -> String,
    spoil: &mut dyn FnMut(&str, &mut [u8]),
) -> Vec<u8> {
    reseal::resealed(bytes, change, spoil).unwrap()
}

/// A number of the description in place of another, or a byte of an array.
fn resealed_at_random(bytes: &[u8], numbers: &mut Numbers) -> Vec<u8> {
    const OTHERS: [&str; 10] = [
        "0",
        "1",
        "2",
        "3",
        "1000",
        "18446744073709551615",
        "-1",
        "0.5",
        "1e308",
        "null",
    ];
    let (place, other, seed) = (
        numbers.draw(),
        OTHERS[numbers.below(OTHERS.len())],
        numbers.draw(),
    );
    let mut change = |text: &str| {
        let starts: Vec<usize> = text
            .match_indices([':', ','])
            .map(|(at, _)| at + 1)
            .collect();
        let digits: Vec<usize> = starts
            .into_iter()
            .filter(|at| text[*at..].starts_with(|c: char| c.is_ascii_digit()))
            .collect();
        let at = digits[place as usize % digits.len()];
        let end = at
            + text[at..]
                .find(|c: char| !c.is_ascii_digit() && !".e-+".contains(c))
                .unwrap();
        if place.is_multiple_of(3) {
            text.to_owned()
        } else {
            format!("{}{other}{}", &text[..at], &text[end..])
        }
    };
    let mut local = Numbers(seed);
    let mut spoil = |_: &str, data: &mut [u8]| {
        if local.below(4) == 0 {
            let at = local.below(data.len());
            data[at] = local.draw() as u8;
        }
    };
    resealed(bytes, &mut change, &mut spoil)
}

fn half_and_half(whole: &[u8]) -> impl Fn(&mut Numbers) -> Vec<u8> {
    |numbers| {
        if numbers.below(2) == 0 {
            mutate(whole, numbers)
        } else {
            resealed_at_random(whole, numbers)
        }
    }
}

#[test]
fn mutated_models_do_no_harm() {
    let files = Files::new(3);
    Model::parse(&files.model, "whole".as_ref()).unwrap();
    let accepted = run("model", 31, &half_and_half(&files.model), &|file| {
        Model::parse(file, "hostile".as_ref()).is_ok()
    });
    assert!(
        (100..FILES * 9 / 10).contains(&accepted),
        "{accepted} of {FILES} accepted"
    );
}

#[test]
fn mutated_checkpoints_do_no_harm_and_runs_go_on_from_what_is_accepted() {
    let files = Files::new(3);
    assert!(files.goes_on_from(&files.checkpoint));
    let accepted = run(
        "checkpoint",
        32,
        &half_and_half(&files.checkpoint),
        &|file| files.goes_on_from(file),
    );
    assert!(
        (100..FILES * 9 / 10).contains(&accepted),
        "{accepted} of {FILES} accepted"
    );
}

#[test]
fn mutated_configurations_do_no_harm() {
    let config = TrainConfig {
        test_part: Some("0.25".parse().unwrap()),
        split_seed: 3,
        ..config(7)
    };
    let text = config.to_toml().unwrap();
    let accepted = run(
        "configuration",
        33,
        &|numbers| mutate(text.as_bytes(), numbers),
        &|file| {
            str::from_utf8(file)
                .is_ok_and(|text| TrainConfig::parse(text, "hostile".as_ref()).is_ok())
        },
    );
    // A byte that is no text spoils all of it.
    assert!(
        (20..FILES * 9 / 10).contains(&accepted),
        "{accepted} of {FILES} accepted"
    );
}

#[test]
fn a_place_outside_the_run_is_refused_with_what_was_expected() {
    let files = Files::new(3);
    // Three steps an epoch, five steps done, evaluated at the start.
    for (from, to, expected) in [
        (
            "\"batch\":2",
            "\"batch\":3",
            "position out of range: epoch 1, step 3, expected a run of 4 epochs of 3 steps",
        ),
        (
            "\"epoch\":1,\"batch\":2",
            "\"epoch\":5,\"batch\":2",
            "position out of range: epoch 5, step 2",
        ),
        (
            "\"epoch\":1,\"batch\":2",
            "\"epoch\":4,\"batch\":2",
            "position out of range: epoch 4, step 2",
        ),
        (
            "\"step\":5",
            "\"step\":6",
            "inconsistent position: 6 steps, but 1 epochs of 3 steps and 2 more",
        ),
        (
            "\"epoch\":1,\"batch\":2,\"step\":5",
            "\"epoch\":3,\"batch\":2,\"step\":11",
            "its 1 evaluations do not match 3 epochs evaluated every 2",
        ),
        (
            "\"curve\":[{\"epoch\":0",
            "\"curve\":[{\"epoch\":1",
            "its 1 evaluations do not match 1 epochs evaluated every 2",
        ),
    ] {
        let mut change = |text: &str| {
            assert!(text.contains(from), "{from} in {text}");
            text.replacen(from, to, 1)
        };
        fs::write(
            &files.name,
            resealed(&files.checkpoint, &mut change, &mut |_, _| {}),
        )
        .unwrap();
        let directory = RunDirectory::open(files.root.path()).unwrap();
        let mut trainer = Trainer::new(&files.config, &files.data, Threads::one()).unwrap();
        let start = directory.begin(&mut trainer, &files.data).unwrap();
        assert!(
            start.from.is_none() && start.skipped.len() == 1 && start.skipped[0].contains(expected),
            "{expected}: {start:?}"
        );
    }
}

#[test]
fn a_number_that_is_not_finite_is_refused_though_the_checksum_fits() {
    let files = Files::new(3);
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let mut spoil = |name: &str, data: &mut [u8]| {
            if name == "layer2.weight" {
                data[4..8].copy_from_slice(&bad.to_le_bytes());
            }
        };
        let refused = Model::parse(
            &resealed(&files.model, &mut str::to_owned, &mut spoil),
            "m".as_ref(),
        )
        .unwrap_err()
        .to_string();
        assert_eq!(
            refused,
            "m: `layer2.weight` contains NaN or infinity, expected finite numbers"
        );
        assert!(!files.goes_on_from(&resealed(&files.checkpoint, &mut str::to_owned, &mut spoil)));
    }
}

#[test]
fn lying_headers_are_refused_without_taking_their_word_for_a_size() {
    let files = Files::new(3);
    let header = |json: &str| {
        [
            (json.len() as u64).to_le_bytes().as_slice(),
            json.as_bytes(),
            &[0; 64],
        ]
        .concat()
    };
    let array = |shape: &str, offsets: &str| {
        header(&format!(
            "{{\"a\":{{\"dtype\":\"F32\",\"shape\":{shape},\"data_offsets\":{offsets}}}}}"
        ))
    };
    let mut lies: Vec<(&str, Vec<u8>)> = vec![
        (
            "shape beyond 64 bits",
            array("[4294967296,4294967296]", "[0,64]"),
        ),
        (
            "shape beyond the file",
            array("[1000000000000]", "[0,4000000000000]"),
        ),
        ("offsets that turn back", array("[16]", "[64,0]")),
        ("offsets past the end", array("[17]", "[0,68]")),
        (
            "a shape that its bytes do not have",
            array("[15]", "[0,64]"),
        ),
        ("bytes that nothing describes", array("[4]", "[0,16]")),
        ("a header that is no JSON", header("{")),
        ("no arrays and no metadata", header("{}")),
    ];
    for length in [u64::MAX, 1 << 40, files.model.len() as u64, 0] {
        let mut model = files.model.clone();
        model[..8].copy_from_slice(&length.to_le_bytes());
        lies.push(("length of the header", model));
    }
    for (from, to) in [
        ("\"epoch\":", "\"epoch\":-"),
        ("\"shape\":[2,3]", "\"shape\":[18446744073709551615,3]"),
        ("\"shape\":[2,3]", "\"shape\":[0,3]"),
    ] {
        let mut change = |text: &str| {
            assert!(text.contains(from), "{from} in {text}");
            text.replacen(from, to, 1)
        };
        lies.push((
            "a description",
            resealed(&files.model, &mut change, &mut |_, _| {}),
        ));
    }
    for (what, file) in &lies {
        let (result, usage) = memory::measure(|| Model::parse(file, Path::new("lie")));
        let message = result.unwrap_err().to_string();
        assert!(
            message.starts_with("lie: ") && usage.peak < MIB,
            "{what}: {message}, {usage:?}"
        );
        let (is_taken, usage) = memory::measure(|| files.goes_on_from(file));
        assert!(!is_taken && usage.peak < MIB, "{what}: {usage:?}");
    }
}

#[test]
fn every_cut_and_every_16th_bit_of_files_of_32_kib_is_noticed() {
    let files = Files::new(700);
    for (what, whole) in [("model", &files.model), ("checkpoint", &files.checkpoint)] {
        assert!(whole.len() >= 32 << 10, "{what}: {} bytes", whole.len());
        // A checkpoint that is refused leaves the trainer as it was.
        let mut trainer = files.trainer();
        let mut is_read = |bytes: &[u8]| {
            if what == "model" {
                Model::parse(bytes, Path::new("damaged")).is_ok()
            } else {
                files.is_taken(&mut trainer, bytes)
            }
        };
        assert!(is_read(whole));
        let mut bytes = whole.clone();
        // One bit of every 16, each time the next of them.
        for bit in (0..8 * (32 << 10) / 16).map(|pair| 16 * pair + pair % 16) {
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert!(!is_read(&bytes), "{what}, bit {bit}");
            bytes[bit / 8] ^= 1 << (bit % 8);
        }
        // Every prefix of the beginning, which holds the header, and some of the rest.
        for length in (0..4096).chain((4096..whole.len()).step_by(211)) {
            assert!(!is_read(&whole[..length]), "{what}, {length} bytes");
        }
    }
}
