//! Renders a stack file to standard output, without the binary around it:
//! `cargo run -p kpbuild-render --example render -- STACK.yaml`.

use std::error::Error;
use std::io::Write as _;
use std::{env, io};

use kpbuild_core::{Diagnostics, FileId, Object, Reported, SourceMap, Style, yaml};

fn main() -> Result<(), Box<dyn Error>> {
    let path = env::args().nth(1).ok_or("which stack file?")?;
    let text = std::fs::read_to_string(&path)?;
    let mut sources = SourceMap::default();
    let file = sources.add(path, text);
    let mut diagnostics = Diagnostics::default();
    let rendered = render(&mut sources, file, &mut diagnostics);
    for diagnostic in diagnostics.sorted() {
        writeln!(
            io::stderr(),
            "{}",
            diagnostic.render(&sources, Style::Plain)
        )?;
    }
    let text = rendered.map_err(|_| "nothing was rendered")?;
    io::stdout().write_all(text.as_bytes())?;
    Ok(())
}

fn render(
    sources: &mut SourceMap,
    file: FileId,
    diagnostics: &mut Diagnostics,
) -> Result<String, Reported> {
    let stack = kpbuild_stack::resolve(&kpbuild_stack::parse(sources, file, diagnostics)?);
    let inputs = kpbuild_render::Inputs::none();
    let bundle = kpbuild_render::render(&stack, &inputs, sources, diagnostics)?;
    Ok(yaml::stream(bundle.objects().iter().map(Object::yaml)))
}
