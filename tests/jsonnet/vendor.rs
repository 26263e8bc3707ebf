//! `kpbuild mixin`, with the real git and repositories on this machine. Their remotes are addresses as users write them:
//! git's own `url.insteadOf` leads them here.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use kpbuild_tests::kpbuild;
use kpbuild_tests::tools::{self, Tool};

/// A project, two repositories that it may use, and a cache of its own.
struct Setting {
    root: tempfile::TempDir,
}

/// A library that the mixin asks for.
const LIBRARY: &str =
    "{ alert(name, expr):: { alert: name, expr: expr, labels: { severity: 'warning' } } }\n";

impl Setting {
    fn new() -> Self {
        let setting = Self {
            root: tempfile::tempdir().expect("a folder for repositories"),
        };
        for folder in [
            "project",
            "remotes/team/library.git",
            "remotes/team/mixins.git",
        ] {
            fs::create_dir_all(setting.path(folder)).expect("the folder is new");
        }
        let remotes = setting.path("remotes");
        let config = format!(
            "[url \"file://{}/\"]\n  insteadOf = https://git.example.com/\n[user]\n  name = a\n  email = a@example.com\n",
            remotes.display()
        );
        setting.write("gitconfig", &config);
        setting.write(
            "project/stack.yaml",
            "kind: Stack\nname: shop\nmixins:\n- path: team/mixins/shop/mixin.libsonnet\n",
        );
        setting.commit("library", &[("library.libsonnet", LIBRARY)], "v1");
        let asks_for = "{\n  \"version\": 1,\n  \"dependencies\": [{\"source\": {\"git\": {\"remote\": \
                        \"https://git.example.com/team/library\", \"subdir\": \"\"}}, \"version\": \"v1\"}],\n  \
                        \"legacyImports\": true\n}\n";
        let mixin = |threshold: &str| {
            format!(
                "local lib = import 'git.example.com/team/library/library.libsonnet';\n\
                 {{ prometheusAlerts+:: {{ groups: [{{ name: 'shop', rules: [lib.alert('ShopSlow', 'shop_latency > {threshold}')] }}] }} }}\n"
            )
        };
        setting.commit(
            "mixins",
            &[
                ("shop/mixin.libsonnet", &mixin("1")),
                ("shop/jsonnetfile.json", asks_for),
                ("other.txt", "not the mixin's"),
            ],
            "v1",
        );
        setting.commit("mixins", &[("shop/mixin.libsonnet", &mixin("2"))], "v2");
        setting
    }

    fn path(&self, path: &str) -> PathBuf {
        self.root.path().join(path)
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("it has one")).expect("there is room");
        fs::write(path, text).expect("there is room");
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// Commits files to a repository, always with the same commit for the same files, and tags that.
    fn commit(&self, repository: &str, files: &[(&str, &str)], tag: &str) {
        let folder = format!("remotes/team/{repository}.git");
        for (path, text) in files {
            self.write(&format!("{folder}/{path}"), text);
        }
        let folder = self.path(&folder);
        if !folder.join(".git").exists() {
            self.git(&folder, &["init", "--quiet", "--initial-branch", "trunk"]);
        }
        self.git(&folder, &["add", "."]);
        self.git(&folder, &["commit", "--quiet", "--message", tag]);
        self.git(&folder, &["tag", tag]);
    }

    fn git(&self, folder: &Path, arguments: &[&str]) {
        let mut command = Command::new("git");
        self.environment(&mut command);
        let output = command
            .args(arguments)
            .current_dir(folder)
            .output()
            .expect("git is on the PATH");
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }

    /// Nothing of the caller's environment but the PATH; commits are always of one moment.
    #[expect(
        clippy::disallowed_methods,
        reason = "git is found on the PATH of who runs the tests"
    )]
    fn environment(&self, command: &mut Command) {
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", self.path("gitconfig"))
            .env("XDG_CACHE_HOME", self.path("cache"))
            .envs(
                ["GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"]
                    .map(|name| (name, "2026-01-01T00:00:00Z")),
            );
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(kpbuild::path());
        self.environment(&mut command);
        let run = command
            .args(arguments)
            .current_dir(self.path("project"))
            .output();
        run.expect("kpbuild can be run")
    }

    /// What a run prints that succeeds.
    #[track_caller]
    fn done(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{arguments:?}: {said}");
        said + &String::from_utf8_lossy(&output.stdout)
    }

    /// What a run prints that fails, without the folder of this test.
    #[track_caller]
    fn failed(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        let said = String::from_utf8_lossy(&output.stderr);
        said.replace(&self.root.path().display().to_string(), "ROOT")
    }

    /// The files and links of the project with their beginnings.
    fn files(&self) -> String {
        let mut lines = Vec::new();
        list(&self.path("project"), "", &mut lines);
        lines.join("\n")
    }

    /// The expression of the mixin's alert, as the stack renders it.
    fn rendered(&self) -> String {
        let manifests = self.done(&["render", "stack.yaml"]);
        let line = manifests.lines().find(|line| line.contains("shop_latency"));
        line.expect("the stack has the alert").trim().to_owned()
    }
}

fn list(folder: &Path, name: &str, lines: &mut Vec<String>) {
    let entries = fs::read_dir(folder).expect("the folder can be read");
    let mut paths: Vec<PathBuf> = entries
        .map(|entry| entry.expect("it can be read").path())
        .collect();
    paths.sort();
    for path in paths {
        let name = format!(
            "{name}{}",
            path.file_name()
                .expect("files have names")
                .to_string_lossy()
        );
        if let Ok(target) = fs::read_link(&path) {
            lines.push(format!("{name} -> {}", target.display()));
        } else if path.is_dir() {
            list(&path, &format!("{name}/"), lines);
        } else {
            lines.push(name);
        }
    }
}

const SHOP: &str = "git.example.com/team/mixins/shop";

#[test]
fn a_mixin_comes_with_what_it_asks_for_and_renders() {
    let setting = Setting::new();
    insta::assert_snapshot!(setting.done(&["mixin", "add", "git.example.com/team/mixins/shop@v1"]), @r#"
    added git.example.com/team/library 6e935d2b62c8
    added git.example.com/team/mixins/shop dbe4ee25adf0
    2 packages in vendor (2 changed)
    in the stack file:
      mixins:
      - path: vendor/git.example.com/team/mixins/shop/mixin.libsonnet
    "#);
    insta::assert_snapshot!(setting.files(), @r#"
    jsonnetfile.json
    jsonnetfile.lock.json
    stack.yaml
    vendor/git.example.com/team/library/library.libsonnet
    vendor/git.example.com/team/mixins/shop/jsonnetfile.json
    vendor/git.example.com/team/mixins/shop/mixin.libsonnet
    vendor/library -> git.example.com/team/library
    vendor/shop -> git.example.com/team/mixins/shop
    "#);
    insta::assert_snapshot!(setting.read("project/jsonnetfile.json"), @r#"
    {
      "version": 1,
      "dependencies": [
        {
          "source": {
            "git": {
              "remote": "https://git.example.com/team/mixins.git",
              "subdir": "shop"
            }
          },
          "version": "v1"
        }
      ],
      "legacyImports": true
    }
    "#);
    insta::assert_snapshot!(setting.read("project/jsonnetfile.lock.json"), @r#"
    {
      "version": 1,
      "dependencies": [
        {
          "source": {
            "git": {
              "remote": "https://git.example.com/team/library.git",
              "subdir": ""
            }
          },
          "version": "6e935d2b62c88d40c30352ad4c16f24fd405daa9",
          "sum": "kABF2QR13IQQrnMQx3mgS30ZAmvdyUXK89H/8WVHpJE="
        },
        {
          "source": {
            "git": {
              "remote": "https://git.example.com/team/mixins.git",
              "subdir": "shop"
            }
          },
          "version": "dbe4ee25adf0f1ec54c8ccad07f29b5081fdbafd",
          "sum": "VkZ4dU2qNv6MKhtGsnODN+FoFrK1l3YbT1kuSDm4w/g="
        }
      ],
      "legacyImports": false
    }
    "#);
    setting.write(
        "project/stack.yaml",
        &format!("kind: Stack\nname: shop\nmixins:\n- path: vendor/{SHOP}/mixin.libsonnet\n"),
    );
    assert_eq!(setting.rendered(), "expr: shop_latency > 1");
    // Also by the short name, and by the one below `vendor/`.
    setting.write(
        "project/stack.yaml",
        "kind: Stack\nname: shop\nmixins:\n- path: shop/mixin.libsonnet\n",
    );
    assert_eq!(setting.rendered(), "expr: shop_latency > 1");
    // Once more changes nothing.
    let lock = setting.read("project/jsonnetfile.lock.json");
    assert_eq!(
        setting.done(&["mixin", "vendor"]),
        "2 packages in vendor (0 changed)\n"
    );
    assert_eq!(setting.read("project/jsonnetfile.lock.json"), lock);
}

#[test]
fn versions_move_when_they_are_told_to() {
    let setting = Setting::new();
    setting.done(&["mixin", "add", SHOP, "git.example.com/team/library@v1"]);
    // Without a version it is the main branch, whatever that is called.
    assert!(
        setting
            .read("project/jsonnetfile.json")
            .contains("\"version\": \"trunk\"")
    );
    let lock = setting.read("project/jsonnetfile.lock.json");
    setting.commit("mixins", &[("shop/new.txt", "new")], "v3");
    setting.done(&["mixin", "vendor"]);
    assert_eq!(
        setting.read("project/jsonnetfile.lock.json"),
        lock,
        "the lock file holds"
    );
    setting.done(&["mixin", "update", "library"]);
    assert_eq!(
        setting.read("project/jsonnetfile.lock.json"),
        lock,
        "a tag does not move"
    );
    let said = setting.done(&["mixin", "update", "shop"]);
    assert!(said.starts_with(&format!("moved {SHOP} from ")), "{said}");
    assert!(
        setting
            .path(&format!("project/vendor/{SHOP}/new.txt"))
            .exists()
    );
    let said = setting.done(&["mixin", "add", &format!("{SHOP}@v1")]);
    assert!(said.starts_with(&format!("moved {SHOP} from ")), "{said}");
    assert!(
        !setting
            .path(&format!("project/vendor/{SHOP}/new.txt"))
            .exists()
    );
}

#[test]
fn what_was_fetched_once_needs_no_network() {
    let setting = Setting::new();
    setting.done(&["mixin", "add", &format!("{SHOP}@v1")]);
    fs::rename(setting.path("remotes"), setting.path("gone")).expect("the folder can be moved");
    fs::remove_dir_all(setting.path("project/vendor")).expect("it is there");
    let said = setting.done(&["mixin", "vendor"]);
    assert!(
        said.ends_with("2 packages in vendor (2 changed)\n"),
        "{said}"
    );
    // What is changed by hand is written again.
    setting.write(&format!("project/vendor/{SHOP}/mixin.libsonnet"), "{}");
    let said = setting.done(&["mixin", "vendor"]);
    assert!(said.starts_with(&format!("wrote {SHOP} ")), "{said}");
    fs::remove_dir_all(setting.path("cache")).expect("it is there");
    assert_eq!(
        setting.done(&["mixin", "vendor"]),
        "2 packages in vendor (0 changed)\n"
    );
    fs::remove_dir_all(setting.path("project/vendor")).expect("it is there");
    insta::assert_snapshot!(setting.failed(&["mixin", "vendor"]), @r#"
    error: cannot get `git.example.com/team/mixins/shop` at dbe4ee25adf0f1ec54c8ccad07f29b5081fdbafd
      because: cannot fetch `https://git.example.com/team/mixins.git`
      because: git says: 'ROOT/remotes/team/mixins.git' does not appear to be a git repository
    "#);
    assert!(
        !setting.path("project/vendor").exists(),
        "nothing half done is left"
    );
}

#[test]
fn a_wrong_checksum_is_an_error_and_changes_nothing() {
    let setting = Setting::new();
    setting.done(&["mixin", "add", &format!("{SHOP}@v1")]);
    let lock = setting.read("project/jsonnetfile.lock.json");
    let sum = lock
        .lines()
        .rev()
        .find_map(|line| line.trim().strip_prefix("\"sum\": \""))
        .expect("a lock has sums");
    let tampered = lock.replace(
        sum.trim_end_matches('"'),
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    );
    setting.write("project/jsonnetfile.lock.json", &tampered);
    let before = setting.files();
    insta::assert_snapshot!(setting.failed(&["mixin", "vendor"]), @r#"
    error: the checksum of `git.example.com/team/mixins/shop` is wrong
      because: at dbe4ee25adf0f1ec54c8ccad07f29b5081fdbafd it is VkZ4dU2qNv6MKhtGsnODN+FoFrK1l3YbT1kuSDm4w/g=, and AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= in jsonnetfile.lock.json; if what is there now is right, `kpbuild mixin update shop` takes it
    "#);
    assert_eq!(setting.files(), before);
    assert_eq!(setting.read("project/jsonnetfile.lock.json"), tampered);
}

#[test]
fn what_is_not_wanted_any_more_goes_and_the_rest_stays() {
    let setting = Setting::new();
    setting.write("project/vendor/mine/mixin.libsonnet", "{}");
    setting.write("project/lib/shop.libsonnet", "{}");
    let uri = format!(
        "file://{}/team/library.git@v1",
        setting.path("remotes").display()
    );
    setting.done(&["mixin", "add", &format!("{SHOP}@v1"), "lib", &uri]);
    insta::assert_snapshot!(setting.files(), @r#"
    jsonnetfile.json
    jsonnetfile.lock.json
    lib/shop.libsonnet
    stack.yaml
    vendor/git.example.com/team/library/library.libsonnet
    vendor/git.example.com/team/mixins/shop/jsonnetfile.json
    vendor/git.example.com/team/mixins/shop/mixin.libsonnet
    vendor/lib -> ../lib
    vendor/library/library.libsonnet
    vendor/mine/mixin.libsonnet
    vendor/shop -> git.example.com/team/mixins/shop
    "#);
    let file = setting.read("project/jsonnetfile.json");
    let empty = "{\n  \"version\": 1,\n  \"dependencies\": [{\"source\": {\"local\": {\"directory\": \"lib\"}}, \"version\": \"\"}],\n  \"legacyImports\": true\n}\n";
    assert_ne!(file, empty);
    setting.write("project/jsonnetfile.json", empty);
    setting.done(&["mixin", "vendor"]);
    insta::assert_snapshot!(setting.files(), @r#"
    jsonnetfile.json
    jsonnetfile.lock.json
    lib/shop.libsonnet
    stack.yaml
    vendor/lib -> ../lib
    vendor/mine/mixin.libsonnet
    "#);
}

#[test]
fn what_cannot_be_had_is_said() {
    let setting = Setting::new();
    let all = [
        vec!["mixin", "vendor"],
        vec!["mixin", "add", "shop"],
        vec!["mixin", "add", "git.example.com/team/mixins/shop@v9"],
        vec!["mixin", "add", "git.example.com/team/mixins/shp@v1"],
        vec!["mixin", "add", "git.example.com/team/nothing@v1"],
        vec!["mixin", "add", "git.example.com/team/nothing"],
        vec![
            "mixin",
            "add",
            "git.example.com/team/mixins/../../../../x@v1",
        ],
        vec!["mixin", "add", "git.example.com/team/mixins@--output=x"],
        vec!["mixin", "--dir", "gone", "vendor"],
    ];
    let mut said = String::new();
    for arguments in &all {
        let command = arguments.join(" ");
        writeln!(said, "$ kpbuild {command}\n{}", setting.failed(arguments)).expect("strings grow");
    }
    insta::assert_snapshot!(said, @r#"
    $ kpbuild mixin vendor
    error: `jsonnetfile.json` names no package; `kpbuild mixin add` writes it, and --dir says where it is

    $ kpbuild mixin add shop
    error: `shop` names no package: it is neither a folder nor like github.com/grafana/loki/production/loki-mixin@main or git@HOST:OWNER/REPOSITORY.git/FOLDER@VERSION

    $ kpbuild mixin add git.example.com/team/mixins/shop@v9
    error: cannot get `git.example.com/team/mixins/shop` at v9
      because: `https://git.example.com/team/mixins.git` has no branch, tag or commit `v9`
      because: git fails with exit status: 1

    $ kpbuild mixin add git.example.com/team/mixins/shp@v1
    error: cannot get `git.example.com/team/mixins/shp` at v1
      because: `https://git.example.com/team/mixins.git` has no folder `shp` at dbe4ee25adf0f1ec54c8ccad07f29b5081fdbafd
      because: git says: error: pathspec 'shp' did not match any file(s) known to git

    $ kpbuild mixin add git.example.com/team/nothing@v1
    error: cannot get `git.example.com/team/nothing` at v1
      because: cannot fetch `https://git.example.com/team/nothing.git`
      because: git says: 'ROOT/remotes/team/nothing.git' does not appear to be a git repository

    $ kpbuild mixin add git.example.com/team/nothing
    error: cannot reach `https://git.example.com/team/nothing.git`
      because: git says: 'ROOT/remotes/team/nothing.git' does not appear to be a git repository

    $ kpbuild mixin add git.example.com/team/mixins/../../../../x@v1
    error: `git.example.com/team/mixins/../../../../x` is not a folder of a repository

    $ kpbuild mixin add git.example.com/team/mixins@--output=x
    error: `--output=x` is no branch, tag or commit

    $ kpbuild mixin --dir gone vendor
    error: there is no folder `gone`
    "#);
    assert_eq!(setting.files(), "stack.yaml", "nothing half done is left");
    setting.done(&["mixin", "add", &format!("{SHOP}@v1")]);
    insta::assert_snapshot!(setting.failed(&["mixin", "update", "shpo"]), @r#"
    error: there is no package `shpo`; did you mean `shop`?
    "#);
    setting.write(
        "project/jsonnetfile.json",
        "{\"version\": 1, \"dependencies\": [{\"source\": {}}]}",
    );
    insta::assert_snapshot!(setting.failed(&["mixin", "vendor"]), @r#"
    error: `jsonnetfile.json` is not a jsonnetfile
      because: dependency 1 is wrong
      because: it has neither a git nor a local source
    "#);
}

/// jsonnet-bundler itself finds everything as it would have made it: it fetches nothing and writes nothing.
#[test]
fn jsonnet_bundler_agrees() {
    let setting = Setting::new();
    setting.write("project/lib/shop.libsonnet", "{}");
    setting.done(&["mixin", "add", &format!("{SHOP}@v1"), "lib"]);
    let files = ["jsonnetfile.json", "jsonnetfile.lock.json"].map(|file| format!("project/{file}"));
    let texts = files.each_ref().map(|file| setting.read(file));
    let before = setting.files();
    fs::rename(setting.path("remotes"), setting.path("gone")).expect("the folder can be moved");
    let install = |setting: &Setting| {
        let mut command = Command::new(tools::path(Tool::Jb));
        setting.environment(&mut command);
        let output = command
            .arg("install")
            .current_dir(setting.path("project"))
            .output()
            .expect("jb can be run");
        assert!(
            output.status.success(),
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
    };
    install(&setting);
    assert_eq!(files.each_ref().map(|file| setting.read(file)), texts);
    assert_eq!(setting.files(), before);
    // And the other way round: what it has made from nothing is what we would make.
    fs::rename(setting.path("gone"), setting.path("remotes")).expect("the folder can be moved");
    fs::remove_file(setting.path("project/jsonnetfile.lock.json")).expect("it is there");
    fs::remove_dir_all(setting.path("project/vendor")).expect("it is there");
    install(&setting);
    assert_eq!(files.each_ref().map(|file| setting.read(file)), texts);
    assert_eq!(
        setting.done(&["mixin", "vendor"]),
        "3 packages in vendor (0 changed)\n"
    );
}
