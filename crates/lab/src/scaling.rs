//! How the time of a step grows with width, depth, batch, density of the input and threads.

use serde::{Deserialize, Serialize};
use spinet_nn::{Activation, Kernel};

use crate::figure::{Axis, Figure, Panel, Series, render};
use crate::{BenchCase, BenchRecord, BenchRow, Error, bench};

/// One thing that grows while everything else stays.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sweep {
    /// What grows.
    pub axis: String,
    /// Its values.
    pub values: Vec<f64>,
    /// The measurements, one record a kernel, one row a value.
    pub kernels: Vec<BenchRecord>,
}

/// All sweeps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scaling {
    /// The command that makes this record.
    pub command: String,
    /// The sweeps.
    pub sweeps: Vec<Sweep>,
}

/// The step that the sweeps start from.
pub(crate) const BASE: BenchCase = BenchCase {
    inputs: 784,
    hidden: 100,
    depth: 1,
    batch: 600,
    density: 1.0,
    threads: 1,
    activation: Activation::Sigmoid,
    rules: Vec::new(),
    preset: None,
};

/// Values of each axis, and the case of a value.
type Variation = (&'static str, Vec<f64>, fn(f64) -> BenchCase);

fn variations(threads: usize) -> Vec<Variation> {
    let threads = [1.0, 2.0, 4.0, 8.0, 16.0]
        .into_iter()
        .filter(|count| *count <= threads as f64)
        .collect();
    vec![
        (
            "hidden units",
            vec![10.0, 30.0, 100.0, 300.0, 1000.0, 4000.0],
            |hidden| BenchCase {
                hidden: hidden as usize,
                ..BASE
            },
        ),
        (
            "hidden layers of 100 units",
            vec![1.0, 2.0, 4.0, 8.0],
            |depth| BenchCase {
                depth: depth as usize,
                ..BASE
            },
        ),
        (
            "batch",
            vec![32.0, 100.0, 300.0, 600.0, 1200.0, 2400.0],
            |batch| BenchCase {
                batch: batch as usize,
                ..BASE
            },
        ),
        (
            "fraction of pixels that are not 0",
            vec![0.02, 0.05, 0.1, 0.2, 0.5, 1.0],
            |density| BenchCase { density, ..BASE },
        ),
        ("threads", threads, |threads| BenchCase {
            hidden: 500,
            threads: threads as usize,
            ..BASE
        }),
    ]
}

/// Measures all sweeps with the fastest kernel and with `f32`, on up to `threads` threads;
/// `advance` hears of every sweep.
///
/// # Errors
///
/// As [`bench()`](crate::bench()).
pub fn scaling(
    steps: usize,
    threads: usize,
    command: &str,
    advance: &dyn Fn(&str),
) -> Result<Scaling, Error> {
    let mut sweeps = Vec::new();
    for (axis, values, case) in variations(threads) {
        advance(axis);
        let cases: Vec<_> = values.iter().map(|value| case(*value)).collect();
        let mut kernels = Vec::new();
        for kernel in [Kernel::Auto, Kernel::F32] {
            let record = bench(&cases, kernel, steps, None)?;
            // Where `auto` is `f32`, once is enough.
            if kernels
                .iter()
                .all(|known: &BenchRecord| known.kernel != record.kernel)
            {
                kernels.push(record);
            }
        }
        sweeps.push(Sweep {
            axis: axis.to_owned(),
            values,
            kernels,
        });
    }
    Ok(Scaling {
        command: command.to_owned(),
        sweeps,
    })
}

/// One panel for each sweep, all axes logarithmic.
///
/// # Errors
///
/// [`Error::Figure`] if a sweep has no measurement.
pub fn scaling_figure(scaling: &Scaling) -> Result<String, Error> {
    let axis = |label: &str| Axis::new(label, true);
    let panel = |sweep: &Sweep| {
        let mut series = Vec::new();
        for (index, record) in sweep.kernels.iter().enumerate() {
            let mut line = |label: String, style: usize, time: fn(&BenchRow) -> f64| {
                let points = sweep
                    .values
                    .iter()
                    .zip(&record.rows)
                    .map(|(value, row)| (*value, time(row)))
                    .collect();
                series.push(Series::new(label, points, style));
            };
            line(
                format!("kernel {}, BDNN-dsd", record.kernel),
                1 + index,
                |row| row.bdnn_ms,
            );
            line(
                format!("kernel {}, products alone", record.kernel),
                4 + index,
                |row| row.products_ms,
            );
        }
        Panel {
            title: sweep.axis.clone(),
            x: axis(&sweep.axis),
            y: axis("time of a step (ms)"),
            series,
        }
    };
    let figure = Figure {
        title: "Time of a training step".to_owned(),
        description: "Median milliseconds of a step with BDNN-dsd and of its matrix products alone, against width, depth, batch, the \
                      fraction of pixels that are not 0, and threads; a network of 784 inputs and 100 hidden units, batch 600, unless \
                      the axis says otherwise (threads: 500 hidden units)."
            .to_owned(),
        panels: scaling.sweeps.iter().map(panel).collect(),
        size: (1080, 760),
    };
    Ok(render(&figure)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_has_a_panel_for_each_sweep_and_a_line_for_each_kernel() {
        let case = BenchCase {
            inputs: 9,
            hidden: 3,
            batch: 4,
            ..BASE
        };
        let cases = [case.clone(), BenchCase { hidden: 5, ..case }];
        let kernels = vec![
            bench(&cases, Kernel::Portable, 2, None).unwrap(),
            bench(&cases, Kernel::F32, 2, None).unwrap(),
        ];
        let sweep = |axis: &str| Sweep {
            axis: axis.to_owned(),
            values: vec![3.0, 5.0],
            kernels: kernels.clone(),
        };
        let figure = scaling_figure(&Scaling {
            command: "c".to_owned(),
            sweeps: vec![sweep("hidden units"), sweep("batch")],
        })
        .unwrap();
        for text in [
            "hidden units",
            "batch",
            "kernel portable, BDNN-dsd",
            "kernel f32, products alone",
        ] {
            assert!(figure.contains(text), "{text}");
        }
    }

    #[test]
    fn sweeps_ask_for_no_more_threads_than_there_are() {
        let threads = |most: usize| variations(most)[4].1.clone();
        assert_eq!(
            (threads(1), threads(2), threads(5)),
            (vec![1.0], vec![1.0, 2.0], vec![1.0, 2.0, 4.0])
        );
        for (axis, values, case) in variations(2) {
            let cases: Vec<_> = values.iter().map(|value| case(*value)).collect();
            assert!(cases.windows(2).all(|pair| pair[0] != pair[1]), "{axis}");
        }
    }
}
