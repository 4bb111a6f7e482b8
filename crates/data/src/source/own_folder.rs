//! A folder of the user with idx files: training images and labels, and a test set if it is there.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::divide::{divided, of_official};
use super::own::Own;
use crate::dataset::{Dataset, EvaluatedOn, FileDigest};
use crate::digest::sha256_hex;
use crate::error::Error;
use crate::idx::{self, Limits};
use crate::options::{DataOptions, Purpose};
use crate::samples::Samples;
use crate::table::RowPlace;
use crate::target::Target;
use crate::whole_file::read_whole;

/// As many as labels can tell apart: they are bytes.
const ANY_CLASS: usize = 256;

pub(super) fn load(own: &Own, options: &DataOptions) -> Result<Dataset, Error> {
    let folder = Folder::open(&own.path)?;
    let mut reading = Reading {
        files: Vec::new(),
        limits: Limits::default(),
    };
    let label_path = folder.need(&["train-labels"])?;
    let all = reading.samples(&folder.need(&["train-images"])?, &label_path)?;
    // The test set has the shape of the training images.
    reading.limits.shape = Some(all.shape());
    let own_test = match (
        folder.find(&["t10k-images", "test-images"])?,
        folder.find(&["t10k-labels", "test-labels"])?,
    ) {
        (Some(images), Some(labels)) => Some((reading.samples(&images, &labels)?, labels)),
        (None, None) => None,
        (Some(_), None) => return Err(folder.lacks("test-labels")),
        (None, Some(_)) => return Err(folder.lacks("test-images")),
    };
    let class_names = match &options.prior {
        Some(prior) => prior.class_names.clone(),
        None => names_of(
            all.labels()
                .iter()
                .chain(own_test.iter().flat_map(|(test, _)| test.labels())),
        ),
    };
    if options.prior.is_none() && class_names.len() < 2 {
        return Err(Error::OneLabel { path: label_path });
    }
    let all = labelled(all, &class_names, &label_path)?;
    let dataset = |(train, test, evaluated_on)| Dataset {
        name: own.name.clone(),
        train,
        test,
        evaluated_on,
        class_names: class_names.clone(),
        target: Target::Classification,
        files: reading.files,
        is_verified: false,
        standardisation: None,
        table: None,
    };
    if let Some((test, path)) = own_test {
        options.refuse_test_part(&own.name)?;
        let test = labelled(test, &class_names, &path)?;
        of_official(dataset((all, test, EvaluatedOn::Test)), options)
    } else {
        let division = options.parts(all.labels(), class_names.len())?;
        Ok(dataset(match options.purpose {
            Purpose::Training => divided(&all, &division)?,
            _ => (all.select(&[])?, all, EvaluatedOn::Test),
        }))
    }
}

/// Images and labels of idx files as samples of these classes.
///
/// Labels in files are positions in `class_names`, unless all names are integers: then labels are
/// those numbers.
///
/// # Errors
///
/// - Any error of [`idx`].
/// - [`Error::UnknownClass`] if a label is none of the classes.
pub fn read_images_of(
    images: &Path,
    labels: &Path,
    class_names: &[String],
    limits: &Limits,
) -> Result<Samples, Error> {
    labelled(
        idx::read_samples(images, labels, ANY_CLASS, limits)?,
        class_names,
        labels,
    )
}

/// The labels that occur, in their order, as names.
fn names_of<'a>(labels: impl Iterator<Item = &'a u8>) -> Vec<String> {
    labels
        .collect::<BTreeSet<_>>()
        .into_iter()
        .map(ToString::to_string)
        .collect()
}

/// Samples whose labels are positions in `class_names`, from those with the labels of a file.
fn labelled(samples: Samples, class_names: &[String], path: &Path) -> Result<Samples, Error> {
    let numbers: Option<Vec<u8>> = class_names.iter().map(|name| name.parse().ok()).collect();
    let mut positions = [None; ANY_CLASS];
    for position in (0..=u8::MAX).take(class_names.len()) {
        let in_file = numbers
            .as_ref()
            .map_or(position, |numbers| numbers[usize::from(position)]);
        positions[usize::from(in_file)] = Some(position);
    }
    let unknown = |index: usize, label: u8| Error::UnknownClass {
        path: path.to_owned(),
        place: RowPlace::Sample(index as u64),
        found: format!("`{label}`"),
    };
    let labels = samples.labels().iter().enumerate();
    let labels: Result<Vec<u8>, Error> = labels
        .map(|(index, label)| positions[usize::from(*label)].ok_or_else(|| unknown(index, *label)))
        .collect();
    Ok(samples.relabelled(labels?))
}

/// The files of a folder.
struct Folder<'a> {
    path: &'a Path,
    /// Sorted.
    names: Vec<String>,
}

impl<'a> Folder<'a> {
    fn open(path: &'a Path) -> Result<Self, Error> {
        let failed = |source| Error::Io {
            path: path.to_owned(),
            action: "read folder",
            source,
        };
        let mut names = Vec::new();
        for entry in path.read_dir().map_err(failed)? {
            names.extend(entry.map_err(failed)?.file_name().into_string().ok());
        }
        names.sort();
        Ok(Self { path, names })
    }

    /// The one file whose name begins so and continues with `-`, `.`, `_` or nothing; packed before
    /// plain.
    fn find(&self, starts: &[&str]) -> Result<Option<PathBuf>, Error> {
        let is_meant = |name: &&String| {
            let rest = starts.iter().find_map(|start| name.strip_prefix(start));
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '.', '_']))
                && !is_temporary(name)
        };
        let found: Vec<&String> = self.names.iter().filter(is_meant).collect();
        let is_same = found.iter().all(|name| plain(name) == plain(found[0]));
        if !is_same {
            let found = found.into_iter().cloned().collect();
            return Err(Error::AmbiguousFiles {
                path: self.path.to_owned(),
                found,
            });
        }
        // `a` sorts before `a.gz`.
        Ok(found.last().map(|name| self.path.join(name)))
    }

    fn need(&self, starts: &[&'static str]) -> Result<PathBuf, Error> {
        self.find(starts)?.ok_or_else(|| self.lacks(starts[0]))
    }

    fn lacks(&self, missing: &'static str) -> Error {
        Error::NoIdxFile {
            path: self.path.to_owned(),
            missing,
        }
    }
}

/// What a download leaves while it is not complete.
fn is_temporary(name: &str) -> bool {
    Path::new(name)
        .extension()
        .is_some_and(|extension| extension == "tmp")
}

fn plain(name: &str) -> &str {
    name.strip_suffix(".gz").unwrap_or(name)
}

/// Reads files and keeps their digests.
struct Reading {
    files: Vec<FileDigest>,
    limits: Limits,
}

impl Reading {
    fn samples(&mut self, images: &Path, labels: &Path) -> Result<Samples, Error> {
        let image_array = idx::parse_images(&self.bytes(images)?, images, &self.limits)?;
        let label_array = idx::parse_labels(&self.bytes(labels)?, labels, ANY_CLASS, &self.limits)?;
        idx::join(image_array, label_array, images, labels)
    }

    fn bytes(&mut self, path: &Path) -> Result<Vec<u8>, Error> {
        let bytes = read_whole(path, self.limits.max_bytes)?;
        let file = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        self.files.push(FileDigest {
            file,
            sha256: sha256_hex(&bytes),
        });
        Ok(bytes)
    }
}
