//! The config management plug-in of the page, in Argo CD's own server of plug-ins.

use std::path::Path;
use std::process::{Command, Output};

use kpbuild_core::yaml;
use kpbuild_tests::kpbuild;
use kpbuild_tests::tools::{self, Tool};
use serde_json::Value;
use tempfile::TempDir;

/// A repository, and a folder for what the server keeps.
struct Plugin {
    repository: TempDir,
    server: TempDir,
}

impl Plugin {
    /// With the plug-in of the page, and a stack in the folder `monitoring`.
    fn new(stack: &str) -> Self {
        let folder = || tempfile::tempdir().expect("the system has a folder for temporary files");
        let plugin = Self {
            repository: folder(),
            server: folder(),
        };
        let config = super::object("ConfigMap");
        let config = config["data"]["plugin.yaml"].as_str().expect("a text");
        let files = [
            (plugin.server.path().join("plugin.yaml"), config),
            (plugin.app("monitoring").join("stack.yaml"), stack),
            (
                plugin.app("shop").join("deployment.yaml"),
                "kind: Deployment\n",
            ),
        ];
        for (path, text) in files {
            std::fs::create_dir_all(path.parent().expect("it has one")).expect("it can be made");
            std::fs::write(path, text).expect("there is room");
        }
        plugin
    }

    fn app(&self, name: &str) -> std::path::PathBuf {
        self.repository.path().join(name)
    }

    /// What Argo CD gets for the application of a folder.
    fn generate(&self, app: &str) -> Output {
        let server = self.server.path();
        Command::new(tools::path(Tool::ArgocdPlugin))
            .args([server, self.repository.path(), &self.app(app)])
            .env("PATH", kpbuild::search_path(kpbuild::path()))
            .env("ARGOCD_PLUGINSOCKFILEPATH", server)
            .env("ARGOCD_CMP_WORKDIR", server)
            .output()
            .expect("a tool that was just built starts")
    }
}

const STACK: &str = "kind: Stack\nname: plugin\ncomponents:\n  prometheus: {replicas: 1}\n";

#[test]
fn argo_cd_gets_what_is_rendered() {
    let plugin = Plugin::new(STACK);
    let output = plugin.generate("monitoring");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let rendered = render(&plugin.app("monitoring"));
    assert!(rendered.len() > 100, "{}", rendered.len());
    let generated = objects(&output.stdout);
    assert_eq!(generated.len(), rendered.len());
    for (generated, rendered) in generated.iter().zip(&rendered) {
        assert_eq!(generated, rendered);
    }
}

#[test]
fn argo_cd_shows_the_mistake_and_generates_nothing() {
    let plugin = Plugin::new(&STACK.replace("replicas", "replica"));
    let output = plugin.generate("monitoring");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        !output.status.success() && output.stdout.is_empty(),
        "{said}"
    );
    // The last line is what the server answers; before it stands its log.
    let (_, answer) = said.rsplit_once("error: generate: ").expect("it says why");
    for part in [
        "stack-unknown-field",
        "stack.yaml:4:16",
        "did you mean `replicas`?",
    ] {
        assert!(answer.contains(part), "`{part}` is not in:\n{answer}");
    }
}

#[test]
fn argo_cd_leaves_other_folders_to_others() {
    let output = Plugin::new(STACK).generate("shop");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("the plug-in is not for "), "{said}");
}

fn render(folder: &Path) -> Vec<Value> {
    let output = kpbuild::run(folder, &["render", "stack.yaml"]);
    assert!(output.status.success());
    objects(&output.stdout)
}

fn objects(stream: &[u8]) -> Vec<Value> {
    let text = String::from_utf8_lossy(stream);
    let documents = text.split("---\n").filter(|text| !text.trim().is_empty());
    let read = |text: &str| yaml::read(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    documents.map(read).collect()
}
