//! The questions of `kpbuild init`, and the stack file that follows from the
//! answers.

use std::fmt::Write as _;

use kpbuild_core::suggest::nearest;

/// Asks a question with a default; an empty answer is the default.
pub(crate) type Asker<'a> = dyn FnMut(&str, &str) -> anyhow::Result<String> + 'a;

/// One question, what is wrong with an answer, and the text of the stack file.
struct Question {
    words: &'static str,
    default: &'static str,
    mistake: fn(&str) -> Option<String>,
}

const NAME: Question = Question {
    words: "Name of the stack",
    default: "monitoring",
    mistake: label,
};
const NAMESPACE: Question = Question {
    words: "Namespace to install into",
    default: "monitoring",
    mistake: label,
};
const PLATFORM: Question = Question {
    words: "What the cluster was made by (eks, gke, aks, kubeadm, k3s, ..., none)",
    default: "none",
    mistake: platform,
};
const REPLICAS: Question = Question {
    words: "Replicas of Prometheus",
    default: "2",
    mistake: replicas,
};
const VOLUME: Question = Question {
    words: "Volume for the data of each, such as 50Gi (none: lost with the pod)",
    default: "none",
    mistake: size,
};
const PASSWORD: Question = Question {
    words: "Make a password for Grafana's administrator (yes, no: admin/admin at first)",
    default: "yes",
    mistake: yes_or_no,
};

/// The names of platforms, and the answer of those who have none.
pub(crate) const PLATFORMS: [&str; 14] = [
    "aks",
    "aws",
    "bootkube",
    "eks",
    "gke",
    "k3s",
    "kops",
    "kops-coredns",
    "kubeadm",
    "kubespray",
    "openshift",
    "rke2",
    "talos",
    "none",
];

/// The stack file that is meant.
pub(crate) fn stack_file(ask: &mut Asker<'_>) -> anyhow::Result<String> {
    let mut answer = |question: &Question| loop {
        let answer = ask(question.words, question.default)?;
        let answer = match answer.trim() {
            "" => question.default.to_owned(),
            answer => answer.to_owned(),
        };
        match (question.mistake)(&answer) {
            None => return anyhow::Ok(answer),
            // The question is asked again, with what was wrong before it.
            Some(mistake) => {
                ask(&mistake, "")?;
            }
        }
    };
    let (name, namespace) = (answer(&NAME)?, answer(&NAMESPACE)?);
    let platform = answer(&PLATFORM)?;
    let (replicas, volume) = (answer(&REPLICAS)?, answer(&VOLUME)?);
    let password = answer(&PASSWORD)? == "yes";
    let mut text = format!(
        "# What is not written here has a default; `kpbuild schema > stack.schema.json` lets an editor complete it.\n\
         # yaml-language-server: $schema=stack.schema.json\nkind: Stack\nname: {name}\nnamespace: {namespace}\n"
    );
    let mut add = |part: &str| write!(text, "{part}").expect("strings grow");
    if platform != "none" {
        add(&format!("cluster:\n  platform: {platform}\n"));
    }
    add(&format!(
        "components:\n  prometheus:\n    replicas: {replicas}\n"
    ));
    if volume != "none" {
        add(&format!("    storage: {{size: {volume}}}\n"));
    }
    if password {
        add("  grafana:\n    admin: {secret: grafana-admin, generate: true}\n");
    }
    Ok(text)
}

fn label(text: &str) -> Option<String> {
    let letters = text
        .bytes()
        .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-');
    let ends = text.starts_with('-') || text.ends_with('-');
    (text.is_empty() || text.len() > 40 || !letters || ends).then(|| {
        format!("`{text}` is no name: up to 40 lower-case letters, digits and `-`, a letter or digit at both ends")
    })
}

fn platform(text: &str) -> Option<String> {
    if PLATFORMS.contains(&text) {
        return None;
    }
    Some(match nearest(text, PLATFORMS) {
        Some(near) => format!("`{text}` is not known; did you mean `{near}`?"),
        None => format!("`{text}` is not known; there are {}", PLATFORMS.join(", ")),
    })
}

fn replicas(text: &str) -> Option<String> {
    match text.parse::<u32>() {
        Ok(1..=10) => None,
        _ => Some(format!("`{text}` is no number from 1 to 10")),
    }
}

fn size(text: &str) -> Option<String> {
    let number = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = &text[number.len()..];
    let right = number.parse::<u64>().is_ok_and(|number| number > 0)
        && ["Mi", "Gi", "Ti", "M", "G", "T"].contains(&unit);
    (text != "none" && !right).then(|| format!("`{text}` is no size; write `50Gi`, or `none`"))
}

fn yes_or_no(text: &str) -> Option<String> {
    (!matches!(text, "yes" | "no")).then(|| format!("`{text}` is neither `yes` nor `no`"))
}

/// Whether a text is a stack file.
#[cfg(test)]
fn is_stack(text: &str) -> bool {
    let mut sources = kpbuild_core::SourceMap::default();
    let file = sources.add("stack.yaml", text);
    let mut diagnostics = kpbuild_core::Diagnostics::default();
    let parsed = kpbuild_stack::parse(&sources, file, &mut diagnostics);
    parsed.is_ok() && diagnostics.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Answers in turn, and everything that was asked.
    fn asked(answers: &[&str]) -> (String, Vec<String>) {
        let mut answers = answers.iter();
        let mut questions = Vec::new();
        let text = stack_file(&mut |question, default| {
            questions.push(question.to_owned());
            // What is said about a mistake wants no answer.
            if default.is_empty() {
                return Ok(String::new());
            }
            Ok(answers.next().map_or("", |answer| answer).to_owned())
        });
        (text.expect("the answers suffice"), questions)
    }

    #[test]
    fn whoever_only_presses_enter_has_a_stack() {
        let (text, questions) = asked(&[]);
        assert!(is_stack(&text), "{text}");
        assert_eq!(questions.len(), 6);
        assert!(text.contains("generate: true"), "{text}");
    }

    #[test]
    fn answers_are_written_down_and_mistakes_are_said() {
        let (text, questions) = asked(&[
            "prod", "Watching", "watching", "esk", "eks", "0", "3", "lots", "100Gi", "no",
        ]);
        assert!(is_stack(&text), "{text}");
        for part in [
            "name: prod\nnamespace: watching\n",
            "platform: eks",
            "replicas: 3",
            "storage: {size: 100Gi}",
        ] {
            assert!(text.contains(part), "{text}");
        }
        assert!(!text.contains("admin"), "{text}");
        let mistakes: Vec<&String> = questions
            .iter()
            .filter(|one| one.starts_with('`'))
            .collect();
        assert_eq!(mistakes.len(), 4, "{questions:?}");
        assert_eq!(mistakes[1], "`esk` is not known; did you mean `eks`?");
    }

    #[test]
    fn every_platform_is_one_of_the_stack_file() {
        for platform in PLATFORMS.iter().filter(|name| **name != "none") {
            let (text, _) = asked(&["", "", platform]);
            assert!(is_stack(&text), "{text}");
        }
    }
}
