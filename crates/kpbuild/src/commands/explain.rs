//! `kpbuild explain`: what a finding means.

use kpbuild_core::suggest::nearest;

use crate::cli::Explain;
use crate::exit::Exit;
use crate::terminal::Terminal;

pub(crate) fn run(arguments: &Explain, terminal: &mut Terminal) -> anyhow::Result<Exit> {
    let Some(code) = &arguments.code else {
        terminal.data(&format!("{}\n", kpbuild_check::codes().join("\n")))?;
        return Ok(Exit::Done);
    };
    match kpbuild_check::page(code) {
        Some(page) => terminal.data(&format!("{}\n\n{}\n", page.code, page.text))?,
        None => anyhow::bail!(unknown(code)),
    }
    Ok(Exit::Done)
}

/// That no finding has a code, with the one that was probably meant.
pub(crate) fn unknown(code: &str) -> String {
    match nearest(code, kpbuild_check::codes()) {
        Some(near) => format!("there is no code `{code}`; did you mean `{near}`?"),
        None => format!("there is no code `{code}`; `kpbuild explain` lists all of them"),
    }
}
