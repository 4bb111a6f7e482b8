//! The kernels for matrix products, selected at run time by the CPU's features.

use serde::{Deserialize, Serialize};

use crate::Error;
use crate::product::exact::{amx, vnni};

/// Kernel for matrix products with 8-bit inputs. All other products are `f32`.
///
/// `amx`, `vnni` and `portable` compute the same exact sums of integers and are bit-identical: they
/// are one *class*, `exact`. `f32` is the other class; its bits differ from those of `exact` in the
/// last digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kernel {
    /// `exact` if the CPU has instructions for it, else `f32`.
    #[default]
    Auto,
    /// Floating-point products.
    F32,
    /// The fastest of `amx`, `vnni` and `portable` that this CPU can run.
    Exact,
    /// Integer tiles (AMX-INT8: Intel Xeon of 2023 and later, on a system that permits them).
    Amx,
    /// Integer vectors (AVX-512 VNNI: Intel since 2019, AMD since 2022).
    Vnni,
    /// Plain code, the reference of the two above; slow.
    Portable,
}

impl Kernel {
    /// All kernels.
    pub const ALL: [Self; 6] = [
        Self::Auto,
        Self::F32,
        Self::Exact,
        Self::Amx,
        Self::Vnni,
        Self::Portable,
    ];

    /// Name in config files and records.
    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::F32 => "f32",
            Self::Exact => "exact",
            Self::Amx => "amx",
            Self::Vnni => "vnni",
            Self::Portable => "portable",
        }
    }

    /// Whether this CPU can run it.
    pub fn is_available(self) -> bool {
        match self {
            Self::Amx => amx::is_available(),
            Self::Vnni => vnni::is_available(),
            Self::Auto | Self::F32 | Self::Exact | Self::Portable => true,
        }
    }

    /// The kernel that will run: one of `f32`, `amx`, `vnni`, `portable`.
    ///
    /// # Errors
    ///
    /// [`Error::NoKernel`] if this CPU cannot run the one asked for.
    pub fn resolve(self) -> Result<Self, Error> {
        let exact = [Self::Amx, Self::Vnni]
            .into_iter()
            .find(|kernel| kernel.is_available());
        match self {
            Self::Auto => Ok(exact.unwrap_or(Self::F32)),
            Self::Exact => Ok(exact.unwrap_or(Self::Portable)),
            _ if self.is_available() => Ok(self),
            _ => Err(Error::NoKernel {
                kernel: self.name(),
                needs: self.needs(),
            }),
        }
    }

    /// Its class: `exact` or `f32`. Kernels of one class are bit-identical.
    #[must_use]
    pub fn class(self) -> Self {
        match self {
            Self::Auto => self.resolve().map_or(Self::F32, Self::class),
            Self::F32 => Self::F32,
            Self::Exact | Self::Amx | Self::Vnni | Self::Portable => Self::Exact,
        }
    }

    fn needs(self) -> &'static str {
        match self {
            Self::Amx => "AMX-INT8 and a system that permits it",
            Self::Vnni => "AVX-512 VNNI",
            Self::Auto | Self::F32 | Self::Exact | Self::Portable => "nothing",
        }
    }

    /// Rows and terms of a tile.
    pub(crate) fn tile(self) -> [usize; 2] {
        if self == Self::Amx {
            [amx::ROWS, amx::TERMS]
        } else {
            [vnni::ROWS, vnni::TERMS]
        }
    }
}

impl std::fmt::Display for Kernel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kernel_resolves_to_one_that_runs_here_or_says_what_it_needs() {
        for kernel in Kernel::ALL {
            match kernel.resolve() {
                Ok(found) => {
                    assert!(
                        found.is_available() && !matches!(found, Kernel::Auto | Kernel::Exact),
                        "{kernel} gave {found}"
                    );
                    assert_eq!(found.class(), kernel.class(), "{kernel}");
                }
                Err(error) => {
                    assert!(!kernel.is_available());
                    assert!(error.to_string().contains(kernel.name()), "{error}");
                }
            }
        }
    }

    #[test]
    fn the_kernels_of_the_exact_class_are_one_class() {
        let classes = [
            Kernel::F32,
            Kernel::Exact,
            Kernel::Amx,
            Kernel::Vnni,
            Kernel::Portable,
        ]
        .map(Kernel::class);
        assert_eq!(
            classes,
            [
                Kernel::F32,
                Kernel::Exact,
                Kernel::Exact,
                Kernel::Exact,
                Kernel::Exact
            ]
        );
    }
}
