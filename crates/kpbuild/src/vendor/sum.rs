//! The checksum of a package, as jsonnet-bundler computes it: SHA-256 over the
//! bytes of all files one after the other, in base64.
//!
//! Names of files are not part of it. That is its definition, and the lock files
//! of others depend on it.

use std::fs;
use std::io;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

/// The checksum of a folder.
pub(crate) fn of(folder: &Path) -> String {
    let mut hash = Sha256::new();
    // Where jsonnet-bundler meets a link that leads nowhere, or to a folder, it
    // stops; the sum is then that of what came before.
    let _ = add(folder, &mut hash);
    STANDARD.encode(hash.finalize())
}

fn add(folder: &Path, hash: &mut Sha256) -> io::Result<()> {
    let mut entries: Vec<fs::DirEntry> = fs::read_dir(folder)?.collect::<Result<_, _>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        if entry.file_type()?.is_dir() {
            add(&entry.path(), hash)?;
        } else {
            hash.update(fs::read(entry.path())?);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_count_in_the_order_of_their_paths() {
        let folder = tempfile::tempdir().expect("the system has a folder for temporary files");
        let write = |path: &str, text: &str| {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().expect("it has one")).expect("it can be made");
            fs::write(path, text).expect("it can be written");
        };
        write("b", "3");
        write("a/z", "1");
        write("a.x", "2");
        // The sum of "123".
        assert_eq!(
            of(folder.path()),
            "pmWkWSBCL51Bfkhn79xPuKBKHz//H6B+mY6G9/eieuM="
        );
    }
}
