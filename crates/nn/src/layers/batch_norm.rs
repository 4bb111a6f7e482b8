//! Batch normalization of pre-activations `z: [rows, units]`, with one row per sample and place.
//!
//! ```text
//! training      m = mean over the rows of z,   v = mean of (z - m)^2                   (Ioffe and Szegedy 2015)
//! evaluation    m = running_mean,              v = running_var
//!               x = (z - m) / sqrt(v + 1e-5)   a = scale x + shift
//! running_mean <- 0.9 running_mean + 0.1 m     running_var <- 0.9 running_var + 0.1 v rows / (rows - 1)
//!
//! with e = dL/da:   dL/dshift = sum of e,   dL/dscale = sum of e x      (sums over the rows)
//!                   dL/dz = scale / sqrt(v + 1e-5) (e - dL/dshift / rows - x dL/dscale / rows)
//! ```

use pulp::Arch;

use crate::layers::unit_sums::{PARTS, sums};
use crate::{Real, Threads};

/// Added to variances, and the share of a batch in the running statistics: those of PyTorch.
pub(crate) const EPSILON: f64 = 1e-5;
const MOMENTUM: f64 = 0.1;

/// Numbers of the buffer of [`BatchNorm`] for so many rows and units.
pub(crate) fn buffer(rows: usize, units: usize, is_training: bool) -> usize {
    let of_rows = if is_training { 2 * rows } else { 0 };
    (PARTS + STATISTICS + of_rows) * units
}

/// Numbers per unit that [`BatchNorm`] keeps.
const STATISTICS: usize = 5;

/// Batch normalization with its buffer.
pub(crate) struct BatchNorm<'a, S> {
    units: usize,
    /// `[parts, units]`: sums of parts of the rows.
    partial: &'a mut [S],
    /// `[units]` each: mean, variance, `1 / sqrt(v + 1e-5)`, `dL/dscale` and `dL/dshift`.
    statistics: [&'a mut [S]; STATISTICS],
    /// `[rows, units]` each, in training: `x`, and `dL/dz`.
    normalized: &'a mut [S],
    derivative: &'a mut [S],
}

impl<'a, S: Real> BatchNorm<'a, S> {
    /// That of a buffer of the length that [`buffer`] gives.
    pub(crate) fn new(units: usize, buffer: &'a mut [S]) -> Self {
        let (partial, rest) = buffer.split_at_mut(PARTS * units);
        let (statistics, rest) = rest.split_at_mut(STATISTICS * units);
        let mut statistics = statistics.chunks_exact_mut(units);
        let (normalized, derivative) = rest.split_at_mut(rest.len() / 2);
        Self {
            units,
            partial,
            statistics: std::array::from_fn(|_| statistics.next().unwrap_or_default()),
            normalized,
            derivative,
        }
    }

    /// `a` of `z`, in place, by the statistics of these rows.
    pub(crate) fn forward(
        &mut self,
        threads: &Threads,
        [scale, shift]: [&[S]; 2],
        values: &mut [S],
    ) {
        let (units, share) = (self.units, self.units as f64 / values.len() as f64);
        let [mean, variance, inverse, ..] = &mut self.statistics;
        sums(threads, values, self.partial, mean, |_, _, z| z.to_f64());
        (mean.iter_mut()).for_each(|mean| *mean = S::from_f64(mean.to_f64() * share));
        let mean = &**mean;
        let square = |_, unit: usize, z: S| (z.to_f64() - mean[unit].to_f64()).powi(2);
        sums(threads, values, self.partial, variance, square);
        for (variance, inverse) in variance.iter_mut().zip(&mut **inverse) {
            let of_rows = variance.to_f64() * share;
            *variance = S::from_f64(of_rows);
            *inverse = S::from_f64((of_rows + EPSILON).sqrt().recip());
        }
        let inverse = &**inverse;
        let normalized = &mut self.normalized[..values.len()];
        each_row(threads, normalized, values, units, |row, z| {
            let constants = mean.iter().zip(inverse);
            for ((x, z), (mean, inverse)) in row.iter_mut().zip(z).zip(constants) {
                *x = (*z - *mean) * *inverse;
            }
        });
        each_row(threads, values, normalized, units, |row, x| {
            let constants = scale.iter().zip(shift);
            for ((a, x), (scale, shift)) in row.iter_mut().zip(x).zip(constants) {
                *a = *scale * *x + *shift;
            }
        });
    }

    /// The same by running statistics.
    pub(crate) fn evaluate(
        &mut self,
        threads: &Threads,
        [scale, shift, mean, variance]: [&[S]; 4],
        values: &mut [S],
    ) {
        let [factors, terms, ..] = &mut self.statistics;
        for (unit, (factor, term)) in factors.iter_mut().zip(&mut **terms).enumerate() {
            let of_unit = scale[unit].to_f64() / (variance[unit].to_f64() + EPSILON).sqrt();
            *factor = S::from_f64(of_unit);
            *term = S::from_f64(shift[unit].to_f64() - mean[unit].to_f64() * of_unit);
        }
        let (factors, terms, units) = (&**factors, &**terms, self.units);
        threads.pieces(values, units, |_, rows| {
            Arch::new().dispatch(|| {
                for row in rows.chunks_exact_mut(units) {
                    for (a, (factor, term)) in row.iter_mut().zip(factors.iter().zip(terms)) {
                        *a = *a * *factor + *term;
                    }
                }
            });
        });
    }

    /// The way back from the error signal at `a`.
    pub(crate) fn backward(&mut self, threads: &Threads, scale: &[S], error: &[S]) {
        let (units, share) = (self.units, self.units as f64 / error.len() as f64);
        let normalized = &self.normalized[..error.len()];
        let [_, _, inverse, of_scale, of_shift] = &mut self.statistics;
        let product =
            |row: usize, unit: usize, e: S| e.to_f64() * normalized[row * units + unit].to_f64();
        sums(threads, error, self.partial, of_scale, product);
        sums(threads, error, self.partial, of_shift, |_, _, e| e.to_f64());
        // Three constants of each unit stand where the parts of the sums stood.
        let (factors, rest) = self.partial.split_at_mut(units);
        let (of_x, rest) = rest.split_at_mut(units);
        let terms = &mut rest[..units];
        for unit in 0..units {
            let factor = scale[unit].to_f64() * inverse[unit].to_f64();
            factors[unit] = S::from_f64(factor);
            of_x[unit] = S::from_f64(factor * share * of_scale[unit].to_f64());
            terms[unit] = S::from_f64(factor * share * of_shift[unit].to_f64());
        }
        let constants = (&*factors, &*of_x, &*terms);
        let derivative = &mut self.derivative[..error.len()];
        threads.pieces(derivative, units, |first, rows| {
            let [e, x] = [error, normalized].map(|all| all[first * units..].chunks_exact(units));
            let (factors, of_x, terms) = constants;
            Arch::new().dispatch(|| {
                for ((row, e), x) in rows.chunks_exact_mut(units).zip(e).zip(x) {
                    let constants = factors.iter().zip(of_x).zip(terms);
                    let numbers = row.iter_mut().zip(e.iter().zip(x));
                    for ((d, (e, x)), ((factor, of_x), term)) in numbers.zip(constants) {
                        *d = *factor * *e - *term - *of_x * *x;
                    }
                }
            });
        });
    }

    /// `dL/dz` of so many numbers, and the gradients of scale and shift, after
    /// [`backward`](Self::backward).
    pub(crate) fn derivatives(self, numbers: usize) -> (&'a [S], [&'a [S]; 2]) {
        let [_, _, _, of_scale, of_shift] = self.statistics;
        (&self.derivative[..numbers], [of_scale, of_shift])
    }
}

/// Lets a running mean follow that of a batch, from the buffer as a training step left it.
pub(crate) fn follow_mean<S: Real>(buffer: &[S], running: &mut [S]) {
    let units = running.len();
    follow(running, &buffer[PARTS * units..][..units], 1.0);
}

/// The same for a running variance of so many rows.
pub(crate) fn follow_variance<S: Real>(buffer: &[S], rows: usize, running: &mut [S]) {
    let (units, unbiased) = (running.len(), rows as f64 / (rows - 1).max(1) as f64);
    follow(running, &buffer[(PARTS + 1) * units..][..units], unbiased);
}

fn follow<S: Real>(running: &mut [S], batch: &[S], factor: f64) {
    for (running, batch) in running.iter_mut().zip(batch) {
        let kept = (1.0 - MOMENTUM) * running.to_f64();
        *running = S::from_f64(kept + MOMENTUM * factor * batch.to_f64());
    }
}

/// Calls `task` with every row of `target` and that of `source` at its side.
fn each_row<S: Real>(
    threads: &Threads,
    target: &mut [S],
    source: &[S],
    units: usize,
    task: impl Fn(&mut [S], &[S]) + Sync,
) {
    threads.pieces(target, units, |first, rows| {
        let source = source[first * units..].chunks_exact(units);
        Arch::new().dispatch(|| {
            for (row, source) in rows.chunks_exact_mut(units).zip(source) {
                task(row, source);
            }
        });
    });
}
