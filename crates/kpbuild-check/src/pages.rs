//! What `kpbuild explain` prints: a page for every code of the whole program.
//!
//! Pages of checks are written beside them; those of other findings are here,
//! since the crates that find them do not know this one.

use crate::checks::CHECKS;

/// What a code means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// The code.
    pub code: &'static str,
    /// What is looked at, why it matters, what to do.
    pub text: &'static str,
}

/// The page of a code.
pub fn page(code: &str) -> Option<Page> {
    pages().find(|page| page.code == code)
}

/// All codes, sorted.
pub fn codes() -> Vec<&'static str> {
    let mut codes: Vec<&str> = pages().map(|page| page.code).collect();
    codes.sort_unstable();
    codes
}

fn pages() -> impl Iterator<Item = Page> {
    let of_checks = CHECKS.iter().map(|check| Page {
        code: check.code.0,
        text: check.page,
    });
    let others = OTHERS.iter().map(|(code, text)| Page { code, text });
    of_checks.chain(others)
}

/// The codes of other crates.
const OTHERS: &[(&str, &str)] = &[
    (
        "yaml-syntax",
        "\
The file is not YAML. The message points at the byte where reading stopped; the
mistake is there or just before: a tab, a line that is not indented like its
neighbours, a quote or bracket that is not closed, a text that holds `: ` or
starts with `*`, `&` or `!` without quotes.",
    ),
    (
        "object-duplicate",
        "\
Two objects have the same kind, namespace and name. Only one of them could
exist in a cluster. Rename one, or change the first with a patch instead of
adding a second.",
    ),
    (
        "query-syntax",
        "\
The expression given to `kpbuild query` is not PromQL. It is read before
anything is sent, and the first word that cannot stand where it stands is
underlined. What only Prometheus can judge, such as a function that is younger
than kpbuild, is sent; where Prometheus refuses it, the place is the one that
Prometheus names.

Put the expression in single quotes, so that the shell leaves `$`, `!` and
double quotes alone.",
    ),
    (
        "stack-not-a-stack",
        "\
A stack file is one YAML document with `kind: Stack`. The file is empty, has
several documents, or is something else.",
    ),
    (
        "stack-files",
        "\
The stack file names a file that is not there, cannot be read, or is of a kind
that cannot be used at this place. Paths are relative to the stack file; `*`
stands for any characters of a name, `**` for any folders.",
    ),
    (
        "stack-extends",
        "\
A file under `extends` cannot be used. A base starts with `kind: StackBase` and
has no name, or is a stack itself; paths are relative to the file that names
them. A file that extends itself, by way of others, has no lowest one: move what
both need into a base of its own.",
    ),
    (
        "stack-name-twice",
        "\
Two stacks of one run have the same name, which is also that of their folder, and
by which a cluster knows what belongs to them. Rename one.",
    ),
    (
        "stack-variable",
        "\
`${name}` in a text stands for the value of a variable, which `variables`
declares, in the stack file or in a base; one without a value (`name: null`)
must be set by each stack. A variable keeps its type. Text that looks like a
variable and is none is written `$${name}`.",
    ),
    (
        "stack-unused-variable",
        "\
A variable is declared and no text of the stack uses it: its value changes
nothing. Its name may be misspelt, here or where it is used.",
    ),
    (
        "stack-unknown-field",
        "\
A field that does not exist. Nothing is ignored silently: a misspelt field would
otherwise look as if it worked. The help names the nearest field;
`kpbuild schema` lists all of them, and lets an editor complete them.",
    ),
    (
        "stack-decided-field",
        "\
A field that follows from another one and cannot be set by itself, because two
objects must agree on it. Set the field that the message names.",
    ),
    (
        "stack-duplicate-field",
        "\
A field that is set twice in the same map. Readers of YAML disagree which of the
two counts; keep one.",
    ),
    (
        "stack-missing-field",
        "A field that must be set is missing; the note says what it is for.",
    ),
    (
        "stack-wrong-type",
        "\
A value of another type than the field has: a list instead of a map, a number
instead of a text. Texts that look like numbers or booleans (`\"1\"`, `\"true\"`)
need quotes.",
    ),
    (
        "stack-unknown-name",
        "The value must be one of a list of names, and is none of them. The help has the list, or the nearest name.",
    ),
    (
        "stack-out-of-range",
        "A number, the length of a text or of a list is smaller or larger than the field allows.",
    ),
    (
        "stack-bad-format",
        "\
A text does not have the form that the field needs: a duration is written like
`1h30m`, a quantity like `4Gi`, a size like `50GB`, a name in lower-case letters,
digits and `-`. The help says what is wrong with this one.",
    ),
    (
        "stack-conflict",
        "\
Two choices of the stack file exclude each other, or one needs another one. Both
places are shown; change one of them.",
    ),
    (
        "stack-unused-parameters",
        "\
The stack file sets parameters of a mixin that the stack does not use: they
change nothing. Turn on what brings the mixin, or remove the lines.",
    ),
    (
        "cluster-refused",
        "\
The API server refused an object that was to be applied. The message is the
server's own; the line is the one of the stack file that asked for the object.",
    ),
    (
        "template-failed",
        "\
A template of kpbuild failed on an input that passed all checks. This is a fault
of kpbuild: please report it with the lines of the message.",
    ),
    (
        "template-not-an-object",
        "\
A template gave something that is no Kubernetes object: it lacks `apiVersion`,
`kind` or `metadata.name`. This is a fault of kpbuild, or of an overlay.",
    ),
    (
        "rule-matches-nothing",
        "\
`rules.disable` or `rules.patch` names an alert, a record or a group that the
stack does not have, or not in that group or with those labels. Nothing is
ignored silently: a misspelt name would otherwise look as if it worked, and a
rule that a newer kpbuild has renamed would come back.

To mend it, correct the name; the help has the nearest one, or says that this
stack does not install the rule at all.",
    ),
    (
        "rule-patch-of-several",
        "\
A patch with an expression matches several rules: the variants of an alert have
the same name and different expressions. Pick one by its group, or by labels
that it sets: `where: {severity: warning}`.",
    ),
    (
        "rule-patch-changes-nothing",
        "\
The parameters of a patch are not used by the rule that is patched. Look up in
its expression what decides about it, or write another `expr`.",
    ),
    (
        "rule-patch-parameters",
        "\
A rule's own parameters can be set only for rules of kpbuild's mixins, and only
to what leaves its name, group and labels as they are. Parameters for all rules
of a mixin are set under `rules.parameters`.",
    ),
    (
        "rule-patch-without-was",
        "\
A patch of a rule that does not say what it replaces. When a newer kpbuild
brings another threshold, duration or expression, a patch that remembers what
it was written for can say so; without `was` it silently hides the change.

To mend it, add the line that the help prints.",
    ),
    (
        "rule-patch-outdated",
        "\
A patch remembers (`was`) what the rule was like when the patch was written, and
the rule is different now: it has changed with a new version of kpbuild, or by
parameters of the stack. Both are shown. See whether the patch is still needed
and right, then write down what the rule is like now, as the help prints it.",
    ),
    (
        "rule-file",
        "\
A file of `rules.files` holds no rules: it must be a rule file of Prometheus
(`groups: [...]`) or PrometheusRule objects. The rules of a file of Prometheus
go into an object that is called like the file, so that the file's name must be
made of lower-case letters, digits, `-` and `.`.",
    ),
    (
        "patch-matches-nothing",
        "\
A patch (`patches`) is about objects that the stack does not have. Nothing is
ignored silently: a patch that has lost its object would otherwise be noticed
when what it was for is missing.

To mend it, correct the field of the target that the help names. `kpbuild render`
writes all objects, as patches see them.",
    ),
    (
        "patch-does-not-fit",
        "\
A patch cannot be applied to an object that it is about: a path of a JSON patch
leads nowhere, or its `test` fails; an item to delete is not there; a map is
written where the object has a list. Nothing of such a patch is applied.

`add` in a JSON patch makes a new field or item, but not the maps around it: add
them first. Items of lists such as containers are merged by their key, which must
be said. Lines of patches for Secrets are not shown.",
    ),
    (
        "patch-identity",
        "\
A patch would change the kind, the API group, the name or the namespace of an
object. It would then be another object, and whatever refers to it by name (a
binding, a monitor, a volume) would refer to nothing. Names follow from fields
of the components (`name`), the namespace from that of the stack.",
    ),
    (
        "patch-changes-nothing",
        "\
After the patch, the objects that it is about are as they were before: they have
what it sets, and lack what it removes. It may have become needless with a newer
kpbuild. Remove it, or correct it.",
    ),
    (
        "patch-file",
        "\
A file of `patches` holds no patch. Each of its documents is either fields to
merge into an object, or a list of operations of a JSON patch.",
    ),
    (
        "overlay-jsonnet",
        "\
An overlay is not jsonnet, imports a file that is not there, or fails while it is
evaluated. The line is the innermost one of yours; the notes say how it was
reached. Imports are looked for beside the importing file, then in `vendor/`
beside the stack file.",
    ),
    (
        "overlay-unknown-name",
        "\
An overlay adds to (`+:`) a component, object or field that the stack does not
have, or sets one to null that is not there. Jsonnet would make a new field of it
and change nothing else, so that a typo would go unnoticed. The help names the
nearest name; what is new is written with `:`. Names below an object's own
fields are checked with the objects' schemas, by `kpbuild check` and `apply`.",
    ),
    (
        "overlay-replaces",
        "\
An overlay drops a whole component: `prometheus: {...}` replaces all of its
objects, `prometheus+: {...}` changes some of them. A component that is not
wanted is turned off in the stack file (`enabled: false`), so that what refers to
it goes as well. `values` is there to be read; the stack file sets it.",
    ),
    (
        "overlay-not-an-object",
        "\
An overlay gives something that is no Kubernetes object, which has `apiVersion`,
`kind` and `metadata.name`. Either an object was replaced (`:`) where a part of
it was to be changed (`+:`), or a helper is visible that should be hidden (`::`).",
    ),
    (
        "mixin-jsonnet",
        "\
A mixin of the stack file cannot be evaluated. The line is the innermost one in
its files. Imports are looked for beside the importing file, then in `vendor/`
beside the stack file: what is missing there is brought by `kpbuild mixin add`.",
    ),
    (
        "mixin-not-a-mixin",
        "\
A file under `mixins` has neither `prometheusAlerts` nor `prometheusRules` nor
`grafanaDashboards`, or one of them has another form than Prometheus' rule files
and Grafana's dashboards.",
    ),
    (
        "mixin-unknown-config",
        "\
`config` sets a parameter that the mixin's `_config` does not have: it would
change nothing. The help has the nearest name, or the names that there are.",
    ),
    (
        "mixin-matches-nothing",
        "\
`alerts` or `dashboards` of a mixin names one that the mixin does not have. The
help has the nearest name, or the names that there are.",
    ),
    (
        "rule-test",
        "\
A rule test that a stack names (`rules.tests`) fails on the rules as the stack
renders them: what promtool got and what the test expects are in the message. It
is found by `kpbuild ci` and `kpbuild test`, which run promtool.

Either the change of the rule is not what was meant, or the test still expects
what the rule was like before: mend the one that is wrong. The place is the line
of the test; `kpbuild test STACK --run NAME` runs it alone.",
    ),
    (
        "rule-test-file",
        "\
A file of rule tests is not in promtool's format. Files need no `rule_files`:
the rules of the stack are added, as they are rendered.",
    ),
    (
        "dashboard-not-a-dashboard",
        "\
The file is not the JSON model of a dashboard. In Grafana, take it from the
dashboard's settings (JSON model), or export it with the switch for sharing off.",
    ),
    (
        "dashboard-jsonnet",
        "The jsonnet of a dashboard cannot be evaluated; the trace leads to the line.",
    ),
    (
        "dashboard-file-name",
        "\
The name of a dashboard's file becomes the name of a ConfigMap, which allows only
lower-case letters, digits, `-` and `.`. Rename the file.",
    ),
    (
        "alertmanager-template-file-name",
        "\
All templates of notifications (`components.alertmanager.templates`) become files
of one ConfigMap: each needs a name of its own, of letters, digits, `-`, `_` and
`.`, that ends in `.tmpl`. Rename the file.",
    ),
    (
        "dashboard-no-title",
        "Grafana refuses a dashboard without a title. Set `title`.",
    ),
    (
        "dashboard-uid",
        "\
The uid is missing, or one that Grafana refuses. It is the dashboard's address:
without a fixed one, links to it break with every installation. It has at most 40
letters, digits, `-` and `_`.",
    ),
    (
        "dashboard-old-schema",
        "\
The dashboard was written by an older Grafana, which converts it whenever it is
loaded. Open it in the Grafana of this stack, save it, and export it again.",
    ),
    (
        "dashboard-panel-id",
        "Two panels have the same `id`: links to one of them show the other one. Number them differently.",
    ),
    (
        "dashboard-layout",
        "Panels overlap, or one does not fit into the 24 columns: Grafana moves them, so that the dashboard looks different from what was saved.",
    ),
    (
        "dashboard-undefined-variable",
        "\
A query or data source uses a variable that the dashboard does not define: it is
sent as it is written, and the panel stays empty. Define it under `templating`,
or correct its name.",
    ),
    (
        "dashboard-unused-variable",
        "The dashboard asks for a variable that nothing uses: choosing a value changes nothing. Use or remove it.",
    ),
    (
        "dashboard-query",
        "The query of a panel is not PromQL, whatever the values of its variables. The panel shows an error.",
    ),
    (
        "dashboard-rate-interval",
        "\
A panel takes a rate over `$__interval`, the distance of two points on the screen.
As soon as somebody looks at a short time, the window holds no two scrapes, and the
panel is empty. `$__rate_interval` is never shorter than four scrapes.",
    ),
    (
        "dashboard-no-query",
        "A panel that shows data has no query: it says `No data` for ever. Give it one under `targets`, or remove it.",
    ),
    (
        "dashboard-panel-title",
        "A panel that shows data has no title, so that nobody knows what it shows. Set `title`.",
    ),
    (
        "dashboard-stale-variable",
        "\
The values of a variable are those of the moment in which the dashboard was saved
(`refresh` is 0 or missing): new jobs, instances and namespaces cannot be chosen.
Set `refresh: 2`, so that they are asked for when the time range changes.",
    ),
    (
        "manifest-not-an-object",
        "\
A document among the manifests is no Kubernetes object: it is no map, or lacks
`apiVersion`, `kind` or `metadata.name`. `kubectl apply` would refuse it as well.
Other files (values of charts, configuration) do not belong into the folder.",
    ),
    (
        "stack-renamed",
        "\
A branch gives a stack another `name`. What a stack has installed is known by its
name and namespace, so that in the cluster it is another stack: `kpbuild apply`
refuses to take the objects of the old one. Keep the name. If it must change, run
`kpbuild delete` with the stack file as it was, then apply the new one: meanwhile
nothing is monitored; definitions, namespaces and volumes stay, and the new stack
takes them over.",
    ),
    (
        "silence-unused",
        "\
A silence in the stack file (`check.silence`) accepts findings that are not there
(any more): remove it, or correct its `code`, `object` or `message`. Otherwise it
would silently accept the next fault that fits.",
    ),
    (
        "silence-unknown-code",
        "A silence in the stack file names a code that no finding has. `kpbuild explain` lists all codes.",
    ),
    (
        "dashboard-too-large",
        "\
A ConfigMap holds at most one megabyte, so that the dashboard cannot be stored.
Split it.",
    ),
    (
        "dashboard-excludes-nothing",
        "\
`dashboards.exclude` has a name or pattern that no dashboard of the stack has.
The help has the nearest name, or all of them.",
    ),
    (
        "dashboard-twice",
        "\
Two dashboards have the same file name, uid, or title in one folder. Grafana shows
only one of them. Change one, or exclude the one of the stack.",
    ),
    (
        "dashboard-without-rules",
        "\
A dashboard reads records of rules that the stack does not install: its panels
stay empty. Turn the rules on, or exclude the dashboard.",
    ),
    (
        "dashboard-without-grafana",
        "The stack file says something about dashboards, but the stack has no Grafana to show them. Turn it on, or remove the lines.",
    ),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    /// Every `Code("...")` in the source of the program: there is no other way to a
    /// code, since only texts that are known at compile time can be one.
    fn written() -> BTreeSet<String> {
        let mut codes = BTreeSet::new();
        let mut open = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("..")];
        while let Some(folder) = open.pop() {
            for entry in std::fs::read_dir(folder)
                .expect("the sources are there")
                .map(|entry| entry.expect("they can be read").path())
            {
                if entry.is_dir() {
                    open.push(entry);
                } else if entry.extension().is_some_and(|ending| ending == "rs") {
                    let text = std::fs::read_to_string(&entry).expect("they can be read");
                    let code = text
                        .split("#[cfg(test)]\nmod tests")
                        .next()
                        .unwrap_or_default();
                    let named = code.split("Code(\"").skip(1);
                    codes.extend(
                        named
                            .filter_map(|rest| rest.split('"').next())
                            .map(str::to_owned),
                    );
                }
            }
        }
        codes
    }

    #[test]
    fn every_code_has_one_page_and_every_page_a_code() {
        let codes = codes();
        let unique: BTreeSet<String> = codes.iter().map(|code| (*code).to_owned()).collect();
        assert_eq!(unique.len(), codes.len(), "a code has two pages");
        let written = written();
        let lacking: Vec<&String> = written.difference(&unique).collect();
        assert!(lacking.is_empty(), "no page explains {lacking:?}");
        let stale: Vec<&String> = unique.difference(&written).collect();
        assert!(stale.is_empty(), "nothing finds {stale:?}");
    }

    #[test]
    fn the_changelog_tells_how_many_checks_there_are() {
        let checks = crate::codes_of_checks();
        assert!(checks.iter().all(|code| codes().contains(code)));
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../CHANGELOG.md");
        let text = std::fs::read_to_string(path).expect("it is there");
        let told = format!(": {} checks over everything", checks.len());
        assert!(text.contains(&told), "{told}");
    }

    #[test]
    fn pages_fit_a_terminal() {
        for code in codes() {
            let page = page(code).expect("it was just listed");
            assert!(
                page.text.lines().count() > 0 && !page.text.ends_with('\n'),
                "{code}"
            );
        }
    }
}
