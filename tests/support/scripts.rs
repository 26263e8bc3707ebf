//! Checks that are shell scripts, because they need node or a browser: where these are not there, a script says so and
//! the test is skipped.

use std::path::Path;
use std::process::Command;

use crate::kpbuild;
use crate::tools::progress;

/// What a script ends with when it could not check.
const SKIPPED: i32 = 77;

/// What a script of the checkout says about a file or folder; nothing where it could not check. A check that fails fails
/// the test.
pub fn said(script: &str, about: &Path) -> Option<String> {
    let checked = Command::new("sh")
        .arg(kpbuild::checkout().join(script))
        .arg(about)
        .output()
        .expect("a system has a shell");
    let said = String::from_utf8_lossy(&[checked.stdout, checked.stderr].concat()).into_owned();
    if checked.status.code() == Some(SKIPPED) {
        progress(said.trim());
        return None;
    }
    assert!(checked.status.success(), "{said}");
    Some(said)
}
