//! The data sets known by name: where they come from, and what their files must be.

use crate::error::Error;

/// Every data set known by name. A new one is an entry here.
pub const DATASETS: &[DatasetEntry] = &[MNIST_1200, MNIST, FASHION_MNIST];

/// What is known about a data set before any file is opened.
#[derive(Clone, Copy, Debug)]
pub struct DatasetEntry {
    /// Short name: lower case, digits and hyphens.
    pub name: &'static str,
    /// One line for lists.
    pub summary: &'static str,
    /// Licence as stated by its publishers.
    pub licence: &'static str,
    /// Who made it.
    pub attribution: &'static str,
    /// Public folders that hold the `.gz` files, each ending in `/`, the preferred one first; empty for a built-in set.
    pub addresses: &'static [&'static str],
    /// Training images, training labels, test images, test labels.
    pub files: [FileEntry; 4],
    /// One name for each class.
    pub class_names: &'static [&'static str],
    /// `[rows, columns]` of one sample.
    pub shape: [usize; 2],
    /// How many training samples.
    pub train_count: usize,
    /// How many test samples.
    pub test_count: usize,
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

/// Size and digest of a file.
#[derive(Clone, Copy, Debug)]
pub struct StoredForm {
    /// Length in bytes.
    pub bytes: u64,
    /// SHA-256, 64 lower-case hexadecimal digits.
    pub sha256: &'static str,
}

impl FileEntry {
    /// The name of the published form, with `.gz`.
    pub fn gz_name(&self) -> String {
        format!("{}.gz", self.name)
    }
}

impl DatasetEntry {
    /// Whether the set is part of the program and needs no files.
    pub fn is_embedded(&self) -> bool {
        self.embedded.is_some()
    }
}

/// The entry of the data set called `name`.
///
/// # Errors
///
/// [`Error::UnknownDataset`] with the list of names, and the most similar one if any is similar.
pub fn find(name: &str) -> Result<&'static DatasetEntry, Error> {
    DATASETS.iter().find(|entry| entry.name == name).ok_or_else(|| {
        let known: Vec<_> = DATASETS.iter().map(|entry| entry.name).collect();
        Error::UnknownDataset { name: name.to_owned(), suggestion: similar(name, &known), known }
    })
}

fn similar(name: &str, known: &[&'static str]) -> Option<&'static str> {
    let lower = name.to_lowercase();
    let scored = known.iter().map(|&candidate| (strsim::jaro_winkler(&lower, candidate), candidate));
    scored.filter(|&(score, _)| score > 0.8).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, candidate)| candidate)
}

const fn form(bytes: u64, sha256: &'static str) -> StoredForm {
    StoredForm { bytes, sha256 }
}

const DIGITS: &[&str] = &["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];
const MNIST_LICENCE: &str = "CC BY-SA 3.0 (as commonly stated)";

const MNIST_TEST_IMAGES: FileEntry = FileEntry {
    name: "t10k-images-idx3-ubyte",
    gz: form(1_648_877, "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"),
    plain: form(7_840_016, "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"),
};
const MNIST_TEST_LABELS: FileEntry = FileEntry {
    name: "t10k-labels-idx1-ubyte",
    gz: form(4_542, "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"),
    plain: form(10_008, "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"),
};

const MNIST_1200: DatasetEntry = DatasetEntry {
    name: "mnist-1200",
    summary: "MNIST with 120 training images of each digit and the complete test set; built in",
    licence: MNIST_LICENCE,
    attribution: "Yann LeCun, Corinna Cortes, Christopher Burges; 1,200 training images drawn from the 60,000",
    addresses: &[],
    files: [
        FileEntry {
            name: "train-images-idx3-ubyte",
            gz: form(196_941, "680d3be3fbb0cb715df0d0a8ea710f89ad7d969f12760f3d019654be54f12666"),
            plain: form(940_816, "66c51aebdf6206a95ce6d4edbfa76b2c30e821491a7e1b10ea8725207ad5fc75"),
        },
        FileEntry {
            name: "train-labels-idx1-ubyte",
            gz: form(623, "7e7fd6e398eb66f8922ab71f1d50bd4db2f52e4370d8a637b4c97b8c7a2ee16b"),
            plain: form(1_208, "c9165044094fb50b6e12573799a78d129d14c0ea589334a8fc0b40446307606a"),
        },
        MNIST_TEST_IMAGES,
        MNIST_TEST_LABELS,
    ],
    class_names: DIGITS,
    shape: [28, 28],
    train_count: 1_200,
    test_count: 10_000,
    torchvision_folder: None,
    embedded: Some([
        include_bytes!("../assets/mnist-1200/train-images-idx3-ubyte.gz"),
        include_bytes!("../assets/mnist-1200/train-labels-idx1-ubyte.gz"),
        include_bytes!("../assets/mnist-1200/t10k-images-idx3-ubyte.gz"),
        include_bytes!("../assets/mnist-1200/t10k-labels-idx1-ubyte.gz"),
    ]),
};

const MNIST: DatasetEntry = DatasetEntry {
    name: "mnist",
    summary: "handwritten digits, 28 x 28 grey, 60,000 training and 10,000 test images",
    licence: MNIST_LICENCE,
    attribution: "Yann LeCun, Corinna Cortes, Christopher Burges",
    addresses: &["https://ossci-datasets.s3.amazonaws.com/mnist/", "https://storage.googleapis.com/cvdf-datasets/mnist/"],
    files: [
        FileEntry {
            name: "train-images-idx3-ubyte",
            gz: form(9_912_422, "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"),
            plain: form(47_040_016, "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"),
        },
        FileEntry {
            name: "train-labels-idx1-ubyte",
            gz: form(28_881, "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"),
            plain: form(60_008, "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"),
        },
        MNIST_TEST_IMAGES,
        MNIST_TEST_LABELS,
    ],
    class_names: DIGITS,
    shape: [28, 28],
    train_count: 60_000,
    test_count: 10_000,
    torchvision_folder: Some("MNIST/raw"),
    embedded: None,
};

const FASHION_MNIST: DatasetEntry = DatasetEntry {
    name: "fashion-mnist",
    summary: "pictures of clothes, 28 x 28 grey, 60,000 training and 10,000 test images",
    licence: "MIT",
    attribution: "Zalando SE (Han Xiao, Kashif Rasul, Roland Vollgraf)",
    addresses: &["https://fashion-mnist.s3.eu-central-1.amazonaws.com/", "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"],
    files: [
        FileEntry {
            name: "train-images-idx3-ubyte",
            gz: form(26_421_880, "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"),
            plain: form(47_040_016, "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888"),
        },
        FileEntry {
            name: "train-labels-idx1-ubyte",
            gz: form(29_515, "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"),
            plain: form(60_008, "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9"),
        },
        FileEntry {
            name: "t10k-images-idx3-ubyte",
            gz: form(4_422_102, "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"),
            plain: form(7_840_016, "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b"),
        },
        FileEntry {
            name: "t10k-labels-idx1-ubyte",
            gz: form(5_148, "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"),
            plain: form(10_008, "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34"),
        },
    ],
    class_names: &["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"],
    shape: [28, 28],
    train_count: 60_000,
    test_count: 10_000,
    torchvision_folder: Some("FashionMNIST/raw"),
    embedded: None,
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_is_complete_and_consistent() {
        for entry in DATASETS {
            let name = entry.name;
            assert!(name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'), "{name}");
            assert!([entry.summary, entry.licence, entry.attribution].iter().all(|text| !text.is_empty()), "{name}");
            assert!(entry.addresses.iter().all(|address| address.starts_with("https://") && address.ends_with('/')), "{name}");
            assert_eq!(entry.is_embedded(), entry.addresses.is_empty(), "{name} is either built in or to be fetched");
            let features = entry.shape[0] * entry.shape[1];
            let sizes = [16 + entry.train_count * features, 8 + entry.train_count, 16 + entry.test_count * features, 8 + entry.test_count];
            assert_eq!(entry.files.map(|file| file.plain.bytes), sizes.map(|size| size as u64), "{name}");
            for form in entry.files.iter().flat_map(|file| [file.gz, file.plain]) {
                assert!(form.sha256.len() == 64 && form.sha256.bytes().all(|b| b"0123456789abcdef".contains(&b)), "{name}");
            }
        }
    }

    #[test]
    fn an_unknown_name_is_answered_with_the_list_and_the_nearest_name() {
        let list = "expected one of `mnist-1200`, `mnist`, `fashion-mnist`";
        for (name, suggestion) in [("minst", "mnist"), ("MNIST", "mnist"), ("fashion", "fashion-mnist"), ("mnist1200", "mnist-1200")] {
            let expected = format!("no data set is named `{name}`, {list}\n\nhint: did you mean `{suggestion}`?");
            assert_eq!(find(name).unwrap_err().to_string(), expected);
        }
        assert_eq!(find("cifar-10").unwrap_err().to_string(), format!("no data set is named `cifar-10`, {list}"));
        assert_eq!(find("mnist").unwrap().train_count, 60_000);
    }
}
