//! Registry entries of datasets.

/// The registry entry of a dataset.
#[derive(Clone, Copy, Debug)]
pub struct DatasetEntry {
    /// Short name: lower case, digits and hyphens.
    pub name: &'static str,
    /// One-line description.
    pub summary: &'static str,
    /// License as stated by its publishers.
    pub licence: &'static str,
    /// Its authors.
    pub attribution: &'static str,
    /// Public folders that hold the published files, each ending in `/`, the preferred one first;
    /// empty for a built-in set and for a draw.
    pub addresses: &'static [&'static str],
    /// One name per class.
    pub class_names: &'static [&'static str],
    /// `[rows, columns]` of one sample; color planes are stacked vertically.
    pub shape: [usize; 2],
    /// Number of training samples.
    pub train_count: usize,
    /// Number of test samples.
    pub test_count: usize,
    /// The source of its samples.
    pub content: Content,
}

/// The source of a dataset.
#[derive(Clone, Copy, Debug)]
pub enum Content {
    /// Four idx files, built in or in a folder.
    Idx(IdxFiles),
    /// Binary files of CIFAR, or the archive they come in.
    Cifar(CifarFiles),
    /// Some of the training set of another set, and its complete test set.
    Draw(Draw),
}

/// The usual four files of MNIST and its relatives.
#[derive(Clone, Copy, Debug)]
pub struct IdxFiles {
    /// Training images, training labels, test images, test labels.
    pub files: &'static [FileEntry; 4],
    /// Folder that torchvision makes for this set, for example `MNIST/raw`.
    pub torchvision_folder: Option<&'static str>,
    /// The `.gz` files themselves, in the order of `files`, for a built-in set.
    pub embedded: Option<[&'static [u8]; 4]>,
}

/// An official file in its two forms.
#[derive(Clone, Copy, Debug)]
pub struct FileEntry {
    /// Name without `.gz`.
    pub name: &'static str,
    /// The file as published, with `.gz` after its name.
    pub gz: StoredForm,
    /// The decompressed file.
    pub plain: StoredForm,
}

/// Files of records, one label byte and the pixels each, and the archive that is published.
#[derive(Clone, Copy, Debug)]
pub struct CifarFiles {
    /// The published `.tar.gz`.
    pub archive: NamedFile,
    /// The folder inside the archive, and where other programs unpack it, for example
    /// `cifar-10-batches-bin`.
    pub folder: &'static str,
    /// Files of training samples; the samples keep the order of this list.
    pub train: &'static [NamedFile],
    /// Files of test samples.
    pub test: &'static [NamedFile],
}

/// An official file that has one form only.
#[derive(Clone, Copy, Debug)]
pub struct NamedFile {
    /// Name without folder.
    pub name: &'static str,
    /// The file as published.
    pub form: StoredForm,
}

/// A balanced part of another set, drawn by [`balanced_draw`](crate::balanced_draw).
#[derive(Clone, Copy, Debug)]
pub struct Draw {
    /// The set drawn from; its files are needed.
    pub from: &'static DatasetEntry,
    /// How many training samples of each class.
    pub per_class: usize,
    /// The text that stands before the index of a sample when it is hashed.
    pub key: &'static str,
}

/// Size and digest of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredForm {
    /// Length in bytes.
    pub bytes: u64,
    /// SHA-256, 64 lower-case hexadecimal digits.
    pub sha256: &'static str,
}

/// A file to download, and what it holds when unpacked.
#[derive(Clone, Debug)]
pub struct PublishedFile {
    /// Its name.
    pub name: String,
    /// The file as published.
    pub form: StoredForm,
    /// One file for a `.gz`, several for an archive.
    pub contents: Vec<NamedFile>,
}

impl FileEntry {
    /// The name of the published form, with `.gz`.
    pub fn gz_name(&self) -> String {
        format!("{}.gz", self.name)
    }

    /// Names and forms that may be stored, the published one first.
    pub(crate) fn forms(&self) -> Vec<(String, StoredForm)> {
        vec![
            (self.gz_name(), self.gz),
            (self.name.to_owned(), self.plain),
        ]
    }
}

impl NamedFile {
    pub(crate) fn forms(&self) -> Vec<(String, StoredForm)> {
        vec![(self.name.to_owned(), self.form)]
    }
}

impl CifarFiles {
    /// The files of training samples, then those of test samples.
    pub fn files(&self) -> impl Iterator<Item = &'static NamedFile> + use<> {
        self.train.iter().chain(self.test)
    }
}

impl DatasetEntry {
    /// Whether the set is part of the program and needs no files.
    pub fn is_embedded(&self) -> bool {
        match self.content {
            Content::Idx(files) => files.embedded.is_some(),
            Content::Cifar(_) => false,
            Content::Draw(draw) => draw.from.is_embedded(),
        }
    }

    /// The entry whose files are read: this one, or the one that it is drawn from.
    pub fn origin(&self) -> &Self {
        match &self.content {
            Content::Draw(draw) => draw.from.origin(),
            Content::Idx(_) | Content::Cifar(_) => self,
        }
    }

    /// The files that are published for the set, or for the one that it is drawn from.
    pub fn published(&self) -> Vec<PublishedFile> {
        match &self.content {
            Content::Idx(files) => {
                let plain = |file: &FileEntry| {
                    vec![NamedFile {
                        name: file.name,
                        form: file.plain,
                    }]
                };
                files
                    .files
                    .iter()
                    .map(|file| PublishedFile {
                        name: file.gz_name(),
                        form: file.gz,
                        contents: plain(file),
                    })
                    .collect()
            }
            Content::Cifar(files) => {
                let NamedFile { name, form } = files.archive;
                vec![PublishedFile {
                    name: name.to_owned(),
                    form,
                    contents: files.files().copied().collect(),
                }]
            }
            Content::Draw(draw) => draw.from.published(),
        }
    }
}
