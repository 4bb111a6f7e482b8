//! Where files of datasets are looked for below the data folder.

use std::path::{Path, PathBuf};

use crate::entry::{CifarFiles, IdxFiles, StoredForm};

/// A file found in one of the folders.
pub(crate) struct Located {
    pub(crate) path: PathBuf,
    pub(crate) name: String,
    pub(crate) form: StoredForm,
}

/// The first place where a file of one of the names exists; within a folder the first name comes
/// first.
pub(crate) fn locate(
    folders: &[String],
    forms: &[(String, StoredForm)],
    data_dir: &Path,
) -> Option<Located> {
    folders.iter().find_map(|folder| {
        forms.iter().find_map(|(name, form)| {
            let path = data_dir.join(folder).join(name);
            path.exists().then(|| Located {
                path,
                name: name.clone(),
                form: *form,
            })
        })
    })
}

/// The folders of a set of idx files. Its own folder comes first, because sets share their file
/// names.
pub(crate) fn idx_folders(name: &str, files: &IdxFiles) -> Vec<String> {
    let torchvision = files.torchvision_folder.map(str::to_owned);
    [name.to_owned(), format!("{name}/raw")]
        .into_iter()
        .chain(torchvision)
        .chain([String::new()])
        .collect()
}

/// The folders of a set of binary files, and of their archive.
pub(crate) fn cifar_folders(name: &str, files: &CifarFiles) -> Vec<String> {
    vec![
        name.to_owned(),
        format!("{name}/{}", files.folder),
        files.folder.to_owned(),
        String::new(),
    ]
}

/// The folders as an error names them.
pub(crate) fn names(folders: Vec<String>) -> Vec<String> {
    folders
        .into_iter()
        .map(|folder| {
            if folder.is_empty() {
                ".".to_owned()
            } else {
                folder
            }
        })
        .collect()
}
