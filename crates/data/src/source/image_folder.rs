//! A folder of the user with one folder of PNG or JPEG images for each class, `class/name.png`; or
//! with two such folders, `train` and `test`.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::divide::{divided, of_official};
use super::own::Own;
use crate::dataset::{Dataset, EvaluatedOn, FileDigest};
use crate::digest::hex;
use crate::error::Error;
use crate::image::{inspect, parse_image};
use crate::options::{DataOptions, Purpose};
use crate::samples::Samples;
use crate::table::RowPlace;
use crate::target::Target;
use crate::whole_file::read_whole;

const ENDINGS: [&str; 3] = ["png", "jpg", "jpeg"];
/// Largest file of an image.
const MAX_BYTES: u64 = 8 << 20;
/// Most classes: labels are bytes.
const MAX_CLASSES: usize = 256;

/// Whether a folder has folders with images.
pub(super) fn is_one(path: &Path) -> bool {
    Classes::find(path).is_ok_and(|classes| !classes.0.is_empty())
        || Classes::find(&path.join("train")).is_ok_and(|classes| !classes.0.is_empty())
}

pub(super) fn load(own: &Own, options: &DataOptions) -> Result<Dataset, Error> {
    let parts = ["train", "test"].map(|name| own.path.join(name));
    let has_parts = Classes::find(&parts[0]).is_ok_and(|classes| !classes.0.is_empty());
    let train_path = if has_parts { &parts[0] } else { &own.path };
    let train = Classes::find(train_path)?;
    let class_names: Vec<String> = match &options.prior {
        Some(prior) => prior.class_names.clone(),
        None => train.0.iter().map(|(name, _)| name.clone()).collect(),
    };
    if class_names.len() < 2 {
        return Err(Error::OneClass {
            path: train_path.clone(),
            found: class_names.len(),
        });
    }
    if class_names.len() > MAX_CLASSES {
        return Err(Error::TooManyClasses {
            path: train_path.clone(),
            place: RowPlace::Sample(0),
            limit: MAX_CLASSES,
        });
    }
    let mut reading = Reading {
        shape: None,
        digest: Sha256::new(),
        class_names: &class_names,
    };
    let all = reading.samples(&train, train_path)?;
    let own_test = if has_parts && parts[1].is_dir() {
        Some(reading.samples(&Classes::find(&parts[1])?, &parts[1])?)
    } else {
        None
    };
    let file = FileDigest {
        file: own.name.clone(),
        sha256: hex(&reading.digest.finalize()),
    };
    let dataset = |(train, test, evaluated_on)| Dataset {
        name: own.name.clone(),
        train,
        test,
        evaluated_on,
        class_names: class_names.clone(),
        target: Target::Classification,
        files: vec![file],
        is_verified: false,
        standardisation: None,
        table: None,
    };
    if let Some(test) = own_test {
        options.refuse_test_part(&own.name)?;
        return of_official(dataset((all, test, EvaluatedOn::Test)), options);
    }
    let division = options.parts(all.labels(), class_names.len())?;
    Ok(dataset(match options.purpose {
        Purpose::Training => divided(&all, &division)?,
        _ => (all.select(&[])?, all, EvaluatedOn::Test),
    }))
}

/// Names of classes and the files of each, sorted.
struct Classes(Vec<(String, Vec<PathBuf>)>);

impl Classes {
    fn find(path: &Path) -> Result<Self, Error> {
        let mut classes = Vec::new();
        for folder in entries(path)? {
            if !folder.is_dir() {
                continue;
            }
            let mut files = entries(&folder)?;
            files.retain(|file| is_image(file));
            if let (Some(name), false) = (folder.file_name(), files.is_empty()) {
                classes.push((name.to_string_lossy().into_owned(), files));
            }
        }
        Ok(Self(classes))
    }
}

fn is_image(path: &Path) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str());
    ending.is_some_and(|ending| ENDINGS.contains(&ending.to_ascii_lowercase().as_str()))
        && path.is_file()
}

/// What is in a folder and is not hidden, sorted.
fn entries(path: &Path) -> Result<Vec<PathBuf>, Error> {
    let failed = |source| Error::Io {
        path: path.to_owned(),
        action: "read folder",
        source,
    };
    let mut found = Vec::new();
    for entry in path.read_dir().map_err(failed)? {
        let entry = entry.map_err(failed)?;
        if !entry.file_name().to_string_lossy().starts_with('.') {
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(found)
}

/// Images that are all of one shape.
struct Reading<'a> {
    /// Rows and columns of the first image, and whether it has colors.
    shape: Option<([usize; 2], bool)>,
    /// Of the names and bytes of all files.
    digest: Sha256,
    class_names: &'a [String],
}

impl Reading<'_> {
    fn samples(&mut self, classes: &Classes, path: &Path) -> Result<Samples, Error> {
        let (mut pixels, mut labels) = (Vec::new(), Vec::new());
        for (name, files) in &classes.0 {
            let place = self.class_names.iter().position(|class| class == name);
            let Some(label) = place.and_then(|place| u8::try_from(place).ok()) else {
                return Err(Error::UnknownClass {
                    path: path.to_owned(),
                    place: RowPlace::Sample(labels.len() as u64),
                    found: crate::table::shown_name(name),
                });
            };
            for file in files {
                let bytes = read_whole(file, MAX_BYTES)?;
                let short = file.file_name().unwrap_or_default().to_string_lossy();
                self.digest
                    .update(format!("{name}/{short} {}\n", bytes.len()));
                self.digest.update(&bytes);
                let (shape, is_colored) = match self.shape {
                    Some(shape) => shape,
                    None => *self.shape.insert(inspect(&bytes, file)?),
                };
                let rows = if is_colored { 3 * shape[0] } else { shape[0] };
                pixels.extend(parse_image(&bytes, file, [rows, shape[1]])?);
                labels.push(label);
            }
        }
        let (shape, is_colored) = self.shape.unwrap_or(([1, 1], false));
        let channels = if is_colored { 3 } else { 1 };
        Samples::new(pixels, labels, [channels * shape[0], shape[1]])?.with_channels(channels)
    }
}
