//! `kpbuild schema`: the JSON Schema of the stack file.

use crate::cli::Schema;
use crate::exit::Exit;
use crate::terminal::Terminal;

pub(crate) fn run(_: &Schema, terminal: &mut Terminal) -> anyhow::Result<Exit> {
    terminal.data(&format!("{:#}\n", kpbuild_stack::schema::published()))?;
    Ok(Exit::Done)
}
