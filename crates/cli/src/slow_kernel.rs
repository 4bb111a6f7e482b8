//! A word before the first step where the chosen class of kernels is far slower on this processor
//! than the other.

use spinet::{Kernel, lab};

use crate::error::Error;
use crate::output::Output;

/// Says so if one of these kernels is of the class `exact` and this processor has no instructions
/// for it.
pub(crate) fn warn_if_slow(
    kernels: impl IntoIterator<Item = Kernel>,
    output: &Output,
) -> Result<(), Error> {
    let is_slow =
        |kernel: &Kernel| is_slow(*kernel, Kernel::Exact.resolve().unwrap_or(Kernel::Portable));
    if kernels.into_iter().any(|kernel| is_slow(&kernel)) {
        output.note(&warning(lab::times_of_f32(Kernel::Portable)?));
    }
    Ok(())
}

/// Whether a kernel runs as plain code where `exact` runs as `exact_here`.
fn is_slow(kernel: Kernel, exact_here: Kernel) -> bool {
    kernel.class() == Kernel::Exact && exact_here == Kernel::Portable
}

fn warning(factor: f64) -> String {
    format!(
        "kernel `exact` is slow on this CPU, which lacks AVX-512 VNNI: a step takes {factor:.1} times as long as with `f32`; \
         use `--kernel f32`, whose results differ in the last digits"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_exact_products_without_instructions_for_them_are_slow() {
        for (kernel, exact_here, expected) in [
            (Kernel::Exact, Kernel::Portable, true),
            (Kernel::Portable, Kernel::Portable, true),
            (Kernel::F32, Kernel::Portable, false),
            (Kernel::Exact, Kernel::Vnni, false),
            (Kernel::Exact, Kernel::Amx, false),
            // `train` and experiments run the fastest kernel of the class.
            (Kernel::Portable, Kernel::Vnni, false),
        ] {
            assert_eq!(
                is_slow(kernel, exact_here),
                expected,
                "{kernel}, {exact_here}"
            );
        }
    }

    #[test]
    fn the_warning_names_the_measured_factor_and_the_choice() {
        let factor = lab::times_of_f32(Kernel::Portable).unwrap();
        assert!(factor > 1.0, "{factor}");
        let text = warning(17.04);
        assert!(
            text.contains("17.0 times as long as with `f32`")
                && text.contains("use `--kernel f32`"),
            "{text}"
        );
    }
}
