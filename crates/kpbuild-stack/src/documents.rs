//! Files beside the stack file that hold YAML documents: of rules, of patches.

use kpbuild_core::node::read_documents;
use kpbuild_core::{Code, Diagnostic, Diagnostics, FileId, Node, SourceMap, Span};

/// The documents of a file. One that is no YAML is reported, and one that is empty
/// under `code`.
pub(crate) fn documents(
    sources: &SourceMap,
    file: FileId,
    code: Code,
    diagnostics: &mut Diagnostics,
) -> Vec<Node> {
    match read_documents(sources, file) {
        Ok(documents) => {
            if documents.is_empty() {
                let start = Span {
                    file,
                    start: 0,
                    end: 0,
                };
                diagnostics.push(Diagnostic::error(code, "the file is empty").at(start, ""));
            }
            documents
        }
        Err(error) => {
            diagnostics.push(error);
            Vec::new()
        }
    }
}
