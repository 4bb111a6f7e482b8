//! Available memory, so that what needs more is rejected before it starts: a failed allocation
//! aborts the program, and a system that runs out of memory kills it without a message.
//!
//! | limit | where it stands | what is taken from it |
//! | --- | --- | --- |
//! | address space, data of the process (`ulimit -v`, `-d`) | `/proc/self/limits` | `VmSize`, `VmData` of `/proc/self/status` |
//! | memory of a control group and those above it, version 2 | `memory.max` | `memory.current` without `inactive_file` |
//! | the same, version 1 | `memory.limit_in_bytes` | `memory.usage_in_bytes` without `total_inactive_file` |
//! | what the system promises at most, where it does not overcommit | `CommitLimit` | `Committed_AS` |
//! | memory of the machine | `MemAvailable` and `SwapFree` | |
//!
//! If the limits are unknown, as on systems other than Linux, nothing is rejected.

use std::fs;
use std::path::{Path, PathBuf};

use crate::Error;

/// Memory that may still be taken, by the limit that leaves the least.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Available {
    /// Bytes.
    pub bytes: u64,
    /// Whose limit it is, in words.
    pub limit: &'static str,
}

/// Less than this is not worth a look at the system's files: small runs are many, and take hardly
/// more than the program itself.
const WORTH_A_LOOK: u64 = 16 << 20;

/// What is available to this process now, where the system tells.
pub fn available() -> Option<Available> {
    found(Path::new("/"))
}

/// Rejects what needs more memory than is available; `what` is the beginning of a sentence, such as
/// `this run`.
///
/// # Errors
///
/// [`Error::Memory`] with both numbers.
pub fn check(what: &str, needed: u64) -> Result<(), Error> {
    let found = if needed < WORTH_A_LOOK {
        None
    } else {
        available()
    };
    match found.filter(|found| needed > found.bytes) {
        Some(Available { bytes, limit }) => Err(Error::Memory {
            what: what.to_owned(),
            needed,
            available: bytes,
            limit,
        }),
        None => Ok(()),
    }
}

/// Whether the address space of this process is limited.
pub fn is_address_space_limited() -> bool {
    let limits = fs::read_to_string("/proc/self/limits").unwrap_or_default();
    soft_limit(&limits, ADDRESS_SPACE).is_some()
}

const ADDRESS_SPACE: &str = "Max address space";

/// The limits in the files below `root`.
fn found(root: &Path) -> Option<Available> {
    let read = |path: &str| fs::read_to_string(root.join(path)).unwrap_or_default();
    let (limits, status, machine) = (
        read("proc/self/limits"),
        read("proc/self/status"),
        read("proc/meminfo"),
    );
    let left =
        |limit: Option<u64>, used: Option<u64>| Some(limit?.saturating_sub(used.unwrap_or(0)));
    let never_overcommits = read("proc/sys/vm/overcommit_memory").trim() == "2";
    let all = [
        (
            left(
                soft_limit(&limits, ADDRESS_SPACE),
                kilobytes(&status, "VmSize:"),
            ),
            "the limit on the address space of this process",
        ),
        (
            left(
                soft_limit(&limits, "Max data size"),
                kilobytes(&status, "VmData:"),
            ),
            "the limit on the data of this process",
        ),
        (
            control_group(root, &read("proc/self/cgroup")),
            "the limit of the control group",
        ),
        (
            left(
                kilobytes(&machine, "CommitLimit:").filter(|_| never_overcommits),
                kilobytes(&machine, "Committed_AS:"),
            ),
            "the overcommit limit of the system",
        ),
        (
            kilobytes(&machine, "MemAvailable:")
                .map(|memory| memory + kilobytes(&machine, "SwapFree:").unwrap_or(0)),
            "the memory of this machine",
        ),
    ];
    let all = all.into_iter().filter_map(|(bytes, limit)| {
        Some(Available {
            bytes: bytes?,
            limit,
        })
    });
    all.min_by_key(|found| found.bytes)
}

/// `Max data size    1024    unlimited    bytes`: the first number, if it is one.
fn soft_limit(limits: &str, name: &str) -> Option<u64> {
    limits
        .lines()
        .find_map(|line| line.strip_prefix(name))?
        .split_whitespace()
        .next()?
        .parse()
        .ok()
}

/// `VmSize:    1024 kB` in bytes.
fn kilobytes(table: &str, name: &str) -> Option<u64> {
    let number: u64 = table
        .lines()
        .find_map(|line| line.strip_prefix(name))?
        .split_whitespace()
        .next()?
        .parse()
        .ok()?;
    Some(number.saturating_mul(1024))
}

/// Names of a control group's files: the limit, what is used, and of its statistics the cache that
/// the system gives up first.
type GroupFiles = (&'static str, &'static str, &'static str);
const VERSION_2: GroupFiles = ("memory.max", "memory.current", "inactive_file ");
const VERSION_1: GroupFiles = (
    "memory.limit_in_bytes",
    "memory.usage_in_bytes",
    "total_inactive_file ",
);

/// The least that the groups of the process and those above them leave.
fn control_group(root: &Path, groups: &str) -> Option<u64> {
    let of_line = |line: &str| {
        let mut parts = line.splitn(3, ':');
        let (number, controllers, group) = (
            parts.next()?,
            parts.next()?,
            parts.next()?.trim_start_matches('/'),
        );
        let (mount, files) = match number == "0" && controllers.is_empty() {
            true => ("sys/fs/cgroup", VERSION_2),
            false if controllers.split(',').any(|name| name == "memory") => {
                ("sys/fs/cgroup/memory", VERSION_1)
            }
            false => return None,
        };
        let mount = root.join(mount);
        // Inside a container the path of the group may not exist under the mount; the limits of the
        // group are then at the mount itself.
        let levels: Vec<PathBuf> = mount
            .join(group)
            .ancestors()
            .take_while(|path| path.starts_with(&mount))
            .map(Path::to_owned)
            .collect();
        levels
            .iter()
            .filter_map(|level| left_in_group(level, files))
            .min()
    };
    groups.lines().filter_map(of_line).min()
}

fn left_in_group(level: &Path, (limit, used, cache): GroupFiles) -> Option<u64> {
    let read = |name: &str| fs::read_to_string(level.join(name)).ok();
    let limit: u64 = read(limit)?.trim().parse().ok()?;
    let used: u64 = read(used)?.trim().parse().ok()?;
    let statistics = read("memory.stat").unwrap_or_default();
    let cache = statistics
        .lines()
        .find_map(|line| line.strip_prefix(cache)?.trim().parse().ok())
        .unwrap_or(0);
    Some(limit.saturating_sub(used.saturating_sub(cache)))
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::disallowed_methods,
        reason = "tests write only into their own temporary directories"
    )]
    use super::*;

    /// What is found where these files are.
    fn of(files: &[(&str, &str)]) -> Option<(u64, &'static str)> {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        found(root.path()).map(|found| (found.bytes, found.limit))
    }

    const MACHINE: (&str, &str) = (
        "proc/meminfo",
        "MemTotal:       24000 kB\nMemAvailable:   20000 kB\nSwapFree:         480 kB\nCommitLimit:    12000 kB\nCommitted_AS:    2000 kB\n",
    );
    const STATUS: (&str, &str) = (
        "proc/self/status",
        "Name:\tspinet\nVmSize:\t    3000 kB\nVmData:\t    1000 kB\n",
    );

    #[test]
    fn the_tightest_limit_is_found_and_what_is_used_is_taken_from_it() {
        assert_eq!(of(&[]), None);
        assert_eq!(
            of(&[MACHINE, STATUS]),
            Some((20480 * 1024, "the memory of this machine"))
        );
        let limits = |space: &str, data: &str| {
            let text = format!(
                "Limit                     Soft Limit           Hard Limit           Units\nMax data size             {data}            unlimited            bytes\n\
                 Max address space         {space}           unlimited            bytes\n"
            );
            of(&[MACHINE, STATUS, ("proc/self/limits", &text)]).unwrap()
        };
        assert_eq!(limits("unlimited", "unlimited").0, 20480 * 1024);
        assert_eq!(
            limits("10240000", "unlimited"),
            (
                7000 * 1024,
                "the limit on the address space of this process"
            )
        );
        assert_eq!(
            limits("10240000", "2048000"),
            (1000 * 1024, "the limit on the data of this process")
        );
        assert_eq!(
            limits("1000", "unlimited").0,
            0,
            "more is used than there is"
        );
        assert_eq!(
            of(&[MACHINE, STATUS, ("proc/sys/vm/overcommit_memory", "2\n")]),
            Some((10000 * 1024, "the overcommit limit of the system"))
        );
        assert_eq!(
            of(&[MACHINE, STATUS, ("proc/sys/vm/overcommit_memory", "0\n")])
                .unwrap()
                .0,
            20480 * 1024
        );
    }

    #[test]
    fn control_groups_of_both_versions_and_those_above_them_count() {
        let group = Some((6000, "the limit of the control group"));
        let version_2 = [
            MACHINE,
            ("proc/self/cgroup", "0::/user/run\n"),
            ("sys/fs/cgroup/user/run/memory.max", "max\n"),
            ("sys/fs/cgroup/user/run/memory.current", "10\n"),
            ("sys/fs/cgroup/user/memory.max", "10000\n"),
            ("sys/fs/cgroup/user/memory.current", "5000\n"),
            (
                "sys/fs/cgroup/user/memory.stat",
                "anon 4000\nactive_file 7\ninactive_file 1000\n",
            ),
        ];
        assert_eq!(of(&version_2), group);
        let version_1 = [
            MACHINE,
            (
                "proc/self/cgroup",
                "5:cpu,cpuacct:/a\n4:memory:/docker/0123\n0::/\n",
            ),
            ("sys/fs/cgroup/memory/memory.limit_in_bytes", "9000\n"),
            ("sys/fs/cgroup/memory/memory.usage_in_bytes", "3500\n"),
            (
                "sys/fs/cgroup/memory/memory.stat",
                "inactive_file 1\ntotal_inactive_file 500\n",
            ),
        ];
        assert_eq!(of(&version_1), group);
        let none = [
            MACHINE,
            ("proc/self/cgroup", "4:memory:/\n"),
            (
                "sys/fs/cgroup/memory/memory.limit_in_bytes",
                "9223372036854771712\n",
            ),
            ("sys/fs/cgroup/memory/memory.usage_in_bytes", "1\n"),
        ];
        assert_eq!(of(&none).unwrap().1, "the memory of this machine");
    }

    #[test]
    fn what_fits_is_not_refused_and_what_does_not_is_with_both_numbers() {
        assert!(check("nothing", 0).is_ok());
        let Some(available) = available() else { return };
        let message = check("this run", u64::MAX).unwrap_err().to_string();
        let expected = format!("this run needs {} bytes of memory, but only ", u64::MAX);
        assert!(
            message.starts_with(&expected) && message.contains(available.limit),
            "{message}"
        );
    }
}
