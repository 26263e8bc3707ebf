//! Go's text templates: which templates a text defines and uses, and where it
//! is broken. Whether the data has the fields that it names is not known here,
//! and nothing is evaluated.

use std::ops::Range;

/// A template that a text defines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definition {
    /// Its name.
    pub name: String,
    /// Where the name is written.
    pub at: Range<usize>,
}

/// A template that a text uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    /// The name of the template that is used.
    pub name: String,
    /// The definition around it; none for the text itself.
    pub inside: Option<String>,
}

/// What a text defines and uses.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Template {
    /// The templates that it defines, in their order.
    pub defines: Vec<Definition>,
    /// The templates that it uses, in their order.
    pub uses: Vec<Use>,
}

/// Why a text is no template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// Where it goes wrong, in bytes of the text.
    pub at: Range<usize>,
    /// What is wrong.
    pub message: String,
    /// The way out.
    pub help: String,
}

/// Reads a template that may call these functions beside those of Go itself.
pub fn read(text: &str, functions: &[&str]) -> Result<Template, Mistake> {
    let mut reader = Reader {
        functions,
        open: Vec::new(),
        variables: vec!["$".to_owned()],
        template: Template::default(),
    };
    let mut from = 0;
    while let Some(start) = text[from..].find("{{") {
        let start = from + start;
        let (tokens, end) = tokens(text, start)?;
        reader.action(&tokens, start..end)?;
        from = end;
    }
    match reader.open.pop() {
        None => Ok(reader.template),
        Some(open) => Err(Mistake {
            message: format!("this `{}` has no `end`", open.keyword),
            at: open.at,
            help: "close it with `{{ end }}`".to_owned(),
        }),
    }
}

/// The functions of Go's own templates.
const BUILT_IN: [&str; 19] = [
    "and", "call", "eq", "ge", "gt", "html", "index", "js", "le", "len", "lt", "ne", "not", "or",
    "print", "printf", "println", "slice", "urlquery",
];

/// A part of an action.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Token {
    kind: Kind,
    at: Range<usize>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    /// A keyword or the name of a function.
    Word(String),
    /// `.`, `.Labels`, `.Labels.pod`.
    Field,
    /// `$labels`.
    Variable(String),
    /// A text in quotes, without them.
    Text(String),
    /// A number or a character.
    Constant,
    Open,
    Close,
    Pipe,
    Comma,
    /// `:=`
    Declare,
    /// `=`
    Assign,
}

fn mistake(at: Range<usize>, message: impl Into<String>, help: impl Into<String>) -> Mistake {
    Mistake {
        at,
        message: message.into(),
        help: help.into(),
    }
}

/// The parts of the action that starts at a byte, and where it ends. A comment
/// has no parts; it is told from an empty action by its text.
fn tokens(text: &str, start: usize) -> Result<(Vec<Token>, usize), Mistake> {
    let unclosed = || {
        mistake(
            start..start + 2,
            "this `{{` is not closed",
            "write `}}` at its end",
        )
    };
    let mut at = start + 2;
    if text[at..].starts_with('-') && text[at + 1..].starts_with(char::is_whitespace) {
        at += 1;
    }
    let comment = text[at..].trim_start();
    if comment.starts_with("/*") {
        let begin = text.len() - comment.len();
        let end = text[begin..].find("*/").map(|end| begin + end + 2);
        let end = end.ok_or_else(|| {
            mistake(
                begin..begin + 2,
                "this comment is not closed",
                "write `*/` at its end",
            )
        })?;
        let rest = text[end..].trim_start().trim_start_matches('-');
        return match rest.strip_prefix("}}") {
            Some(after) => Ok((Vec::new(), text.len() - after.len())),
            None => Err(mistake(
                begin..end,
                "a comment stands alone between `{{` and `}}`",
                "close it with `*/}}`, without anything in between",
            )),
        };
    }
    let mut tokens = Vec::new();
    loop {
        let rest = &text[at..];
        let Some(c) = rest.chars().next() else {
            return Err(unclosed());
        };
        if c.is_whitespace() {
            at += c.len_utf8();
            continue;
        }
        let trimmed = rest.starts_with("-}}") && text[..at].ends_with(char::is_whitespace);
        if trimmed || rest.starts_with("}}") {
            let end = at + if trimmed { 3 } else { 2 };
            if tokens.is_empty() {
                return Err(mistake(
                    start..end,
                    "there is nothing between `{{` and `}}`",
                    "write what shall stand there, or remove the braces",
                ));
            }
            return Ok((tokens, end));
        }
        if rest.starts_with("{{") {
            return Err(unclosed());
        }
        let token = token(text, at)?;
        at = token.at.end;
        tokens.push(token);
    }
}

/// The part of an action that starts at a byte.
fn token(text: &str, at: usize) -> Result<Token, Mistake> {
    let rest = &text[at..];
    let first = rest.chars().next().expect("the caller has seen it");
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    let name = |from: usize| {
        let length = rest[from..].find(|c| !is_name(c));
        length.map_or(rest.len(), |length| from + length)
    };
    let (kind, length) = match first {
        '"' | '`' | '\'' => return quoted(text, at, first),
        '(' => (Kind::Open, 1),
        ')' => (Kind::Close, 1),
        '|' => (Kind::Pipe, 1),
        ',' => (Kind::Comma, 1),
        ':' if rest.starts_with(":=") => (Kind::Declare, 2),
        '=' if !rest.starts_with("==") => (Kind::Assign, 1),
        '$' => {
            let end = name(1);
            let fields = fields(&rest[end..]);
            (Kind::Variable(rest[..end].to_owned()), end + fields)
        }
        '.' if rest[1..].starts_with(|c: char| c.is_ascii_digit()) => {
            (Kind::Constant, number(rest))
        }
        '.' => (Kind::Field, fields(rest).max(1)),
        '+' | '-' | '0'..='9' => (Kind::Constant, number(rest)),
        c if is_name(c) => (Kind::Word(rest[..name(0)].to_owned()), name(0)),
        c => {
            return Err(mistake(
                at..at + c.len_utf8(),
                format!("`{c}` means nothing in a template"),
                "compare with `eq`, `ne`, `lt`, `gt`, as in `{{ if eq .Status \"firing\" }}`",
            ));
        }
    };
    Ok(Token {
        kind,
        at: at..at + length,
    })
}

/// How many bytes of fields a text starts with: `.Labels.pod`.
fn fields(text: &str) -> usize {
    let mut length = 0;
    while let Some(rest) = text[length..].strip_prefix('.') {
        let name = rest.find(|c: char| !c.is_alphanumeric() && c != '_');
        let name = name.unwrap_or(rest.len());
        if name == 0 {
            break;
        }
        length += 1 + name;
    }
    length
}

fn number(text: &str) -> usize {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "+-._".contains(c);
    text.find(|c| !is_part(c)).unwrap_or(text.len())
}

/// A text or a character in quotes.
fn quoted(text: &str, at: usize, quote: char) -> Result<Token, Mistake> {
    let mut escaped = false;
    for (offset, c) in text[at + 1..].char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quote != '`' => escaped = true,
            '\n' if quote != '`' => break,
            c if c == quote => {
                let inside = &text[at + 1..at + 1 + offset];
                let kind = match quote {
                    '\'' => Kind::Constant,
                    _ => Kind::Text(inside.to_owned()),
                };
                return Ok(Token {
                    kind,
                    at: at..at + offset + 2,
                });
            }
            _ => {}
        }
    }
    Err(mistake(
        at..at + 1,
        "this text is not closed",
        format!("write `{quote}` at its end; a text in `\"` stands on one line"),
    ))
}

/// An action that is not closed yet.
struct Open {
    keyword: &'static str,
    at: Range<usize>,
    /// How many variables there were before it.
    variables: usize,
    has_else: bool,
    /// The template that it defines.
    defines: Option<String>,
}

struct Reader<'f> {
    functions: &'f [&'f str],
    open: Vec<Open>,
    variables: Vec<String>,
    template: Template,
}

impl Reader<'_> {
    fn action(&mut self, tokens: &[Token], at: Range<usize>) -> Result<(), Mistake> {
        let Some((first, rest)) = tokens.split_first() else {
            return Ok(());
        };
        let word = match &first.kind {
            Kind::Word(word) => word.as_str(),
            _ => "",
        };
        match word {
            "if" => self.begin("if", first, rest),
            "with" => self.begin("with", first, rest),
            "range" => self.begin("range", first, rest),
            "define" => self.define(first, rest),
            "block" => {
                let name = Self::name("block", first, rest)?;
                self.pipeline(&rest[1..], &rest[0].at)?;
                self.uses(name.clone());
                self.enter("block", first, Some(name), &rest[0].at);
                Ok(())
            }
            "template" => {
                let name = Self::name("template", first, rest)?;
                if rest.len() > 1 {
                    self.pipeline(&rest[1..], &rest[0].at)?;
                }
                self.uses(name);
                Ok(())
            }
            "else" => self.otherwise(first, rest),
            "end" => self.end(first, rest),
            "break" | "continue" if self.open.iter().any(|open| open.keyword == "range") => Ok(()),
            "break" | "continue" => Err(mistake(
                first.at.clone(),
                format!("`{word}` is in no `range`"),
                "remove it",
            )),
            _ => self.pipeline(tokens, &at),
        }
    }

    fn begin(
        &mut self,
        keyword: &'static str,
        first: &Token,
        rest: &[Token],
    ) -> Result<(), Mistake> {
        let variables = self.variables.len();
        self.pipeline(rest, &first.at)?;
        self.enter(keyword, first, None, &first.at);
        let open = self.open.last_mut().expect("it was just entered");
        open.variables = variables;
        Ok(())
    }

    fn enter(
        &mut self,
        keyword: &'static str,
        first: &Token,
        defines: Option<String>,
        at: &Range<usize>,
    ) {
        if let Some(name) = &defines {
            self.template.defines.push(Definition {
                name: name.clone(),
                at: at.clone(),
            });
        }
        self.open.push(Open {
            keyword,
            at: first.at.clone(),
            variables: self.variables.len(),
            has_else: false,
            defines,
        });
    }

    fn define(&mut self, first: &Token, rest: &[Token]) -> Result<(), Mistake> {
        if let Some(open) = self.open.last() {
            return Err(mistake(
                first.at.clone(),
                format!("a `define` is inside of `{}`", open.keyword),
                "templates are defined side by side: close what is open with `{{ end }}` before it",
            ));
        }
        let name = Self::name("define", first, rest)?;
        if let Some(extra) = rest.get(1) {
            return Err(mistake(
                extra.at.clone(),
                "only a name stands behind `define`",
                "what the template is about is given where it is used: `{{ template \"name\" . }}`",
            ));
        }
        if self.template.defines.iter().any(|known| known.name == name) {
            return Err(mistake(
                rest[0].at.clone(),
                format!("`{name}` is defined twice"),
                "give one of the two another name",
            ));
        }
        self.enter("define", first, Some(name), &rest[0].at);
        Ok(())
    }

    /// The name behind a keyword.
    fn name(keyword: &str, first: &Token, rest: &[Token]) -> Result<String, Mistake> {
        match rest.first().map(|token| &token.kind) {
            Some(Kind::Text(name)) => Ok(name.clone()),
            _ => Err(mistake(
                rest.first()
                    .map_or(first.at.clone(), |token| token.at.clone()),
                format!("`{keyword}` has no name"),
                format!("write it in quotes: `{{{{ {keyword} \"name\" }}}}`"),
            )),
        }
    }

    fn uses(&mut self, name: String) {
        let inside = self.open.iter().rev().find_map(|open| open.defines.clone());
        self.template.uses.push(Use { name, inside });
    }

    fn otherwise(&mut self, first: &Token, rest: &[Token]) -> Result<(), Mistake> {
        let open = self.open.last_mut();
        let open =
            open.filter(|open| matches!(open.keyword, "if" | "with" | "range") && !open.has_else);
        let Some(open) = open else {
            return Err(mistake(
                first.at.clone(),
                "this `else` belongs to nothing",
                "it stands between `if`, `with` or `range` and their `end`, and comes last",
            ));
        };
        self.variables.truncate(open.variables);
        let Some((second, rest)) = rest.split_first() else {
            open.has_else = true;
            return Ok(());
        };
        match &second.kind {
            Kind::Word(word) if word == "if" || word == "with" => self.pipeline(rest, &second.at),
            _ => Err(mistake(
                second.at.clone(),
                "only `if` or `with` stands behind `else`",
                "write `{{ else if CONDITION }}`",
            )),
        }
    }

    fn end(&mut self, first: &Token, rest: &[Token]) -> Result<(), Mistake> {
        if let Some(extra) = rest.first() {
            return Err(mistake(
                extra.at.clone(),
                "nothing stands behind `end`",
                "remove it",
            ));
        }
        let Some(open) = self.open.pop() else {
            return Err(mistake(
                first.at.clone(),
                "this `end` has no beginning",
                "remove it, or write the `if`, `range`, `with` or `define` that it closes",
            ));
        };
        self.variables.truncate(open.variables);
        Ok(())
    }

    /// A value that is made by commands, one behind the other.
    fn pipeline(&mut self, tokens: &[Token], around: &Range<usize>) -> Result<(), Mistake> {
        let tokens = self.declarations(tokens)?;
        let mut after = around;
        let last = split(tokens).count() - 1;
        for (number, command) in split(tokens).enumerate() {
            let Some(first) = command.first() else {
                // Go takes a `|` that leads nowhere.
                if number == last && number > 0 {
                    continue;
                }
                return Err(mistake(
                    after.clone(),
                    "a value is missing here",
                    "write a field such as `.Status`, a text in quotes, or a function with its arguments",
                ));
            };
            if number > 0 && matches!(first.kind, Kind::Text(_) | Kind::Constant) {
                return Err(mistake(
                    first.at.clone(),
                    "a `|` leads to something that is no function",
                    "a value is piped into a function, as in `.Status | toUpper`",
                ));
            }
            self.command(command)?;
            after = &command.last().expect("it has a first one").at;
        }
        Ok(())
    }

    /// Skips the variables that a pipeline declares or sets, and remembers them.
    fn declarations<'t>(&mut self, tokens: &'t [Token]) -> Result<&'t [Token], Mistake> {
        let (names, rest) = match tokens {
            [one, sign, rest @ ..] if is_sign(sign) => (vec![one], (sign, rest)),
            [one, comma, two, sign, rest @ ..] if comma.kind == Kind::Comma && is_sign(sign) => {
                (vec![one, two], (sign, rest))
            }
            _ => return Ok(tokens),
        };
        for token in names {
            let Kind::Variable(name) = &token.kind else {
                return Err(mistake(
                    token.at.clone(),
                    "only a variable can be set",
                    "its name starts with `$`: `{{ $pod := .Labels.pod }}`",
                ));
            };
            if rest.0.kind == Kind::Declare {
                self.variables.push(name.clone());
            } else {
                self.known(name, &token.at)?;
            }
        }
        Ok(rest.1)
    }

    /// The words and variables of a command.
    fn command(&mut self, tokens: &[Token]) -> Result<(), Mistake> {
        let mut rest = tokens;
        while let Some((token, after)) = rest.split_first() {
            rest = after;
            match &token.kind {
                Kind::Word(word) => self.function(word, &token.at)?,
                Kind::Variable(name) => self.known(name, &token.at)?,
                Kind::Open => {
                    let end = closing(after).ok_or_else(|| {
                        mistake(token.at.clone(), "this `(` is not closed", "write `)`")
                    })?;
                    self.pipeline(&after[..end], &token.at)?;
                    rest = &after[end + 1..];
                }
                Kind::Close => {
                    return Err(mistake(
                        token.at.clone(),
                        "this `)` has no beginning",
                        "remove it, or write the `(` that it closes",
                    ));
                }
                Kind::Comma | Kind::Declare | Kind::Assign => {
                    return Err(mistake(
                        token.at.clone(),
                        "this stands at a wrong place",
                        "arguments are parted by spaces: `{{ index .Alerts 0 }}`",
                    ));
                }
                Kind::Field | Kind::Text(_) | Kind::Constant | Kind::Pipe => {}
            }
        }
        Ok(())
    }

    fn known(&self, name: &String, at: &Range<usize>) -> Result<(), Mistake> {
        if self.variables.contains(name) {
            return Ok(());
        }
        Err(mistake(
            at.clone(),
            format!("nothing sets the variable `{name}`"),
            format!("set it before, in the same `define`: `{{{{ {name} := ... }}}}`"),
        ))
    }

    fn function(&self, word: &str, at: &Range<usize>) -> Result<(), Mistake> {
        let all = BUILT_IN.into_iter().chain(self.functions.iter().copied());
        if ["true", "false", "nil"].contains(&word) || all.clone().any(|known| known == word) {
            return Ok(());
        }
        let help = match crate::suggest::nearest(word, all) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "a text stands in quotes, a field starts with a dot: `.Status`".to_owned(),
        };
        Err(mistake(
            at.clone(),
            format!("there is no function `{word}`"),
            help,
        ))
    }
}

fn is_sign(token: &Token) -> bool {
    matches!(token.kind, Kind::Declare | Kind::Assign)
}

/// The commands of a pipeline, parted by `|` outside of parentheses.
fn split(tokens: &[Token]) -> impl Iterator<Item = &[Token]> {
    let mut depth = 0_usize;
    tokens.split(move |token| {
        match token.kind {
            Kind::Open => depth += 1,
            Kind::Close => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0 && token.kind == Kind::Pipe
    })
}

/// The number of the token that closes a parenthesis.
fn closing(tokens: &[Token]) -> Option<usize> {
    let mut depth = 0_usize;
    tokens.iter().position(|token| {
        match token.kind {
            Kind::Open => depth += 1,
            Kind::Close if depth == 0 => return true,
            Kind::Close => depth -= 1,
            _ => {}
        }
        false
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const FUNCTIONS: [&str; 3] = ["toUpper", "join", "title"];

    fn names(text: &str) -> (Vec<String>, Vec<(String, Option<String>)>) {
        let template = read(text, &FUNCTIONS).expect("it is one");
        let defines = template.defines.into_iter().map(|one| one.name).collect();
        let uses = template.uses.into_iter().map(|one| (one.name, one.inside));
        (defines, uses.collect())
    }

    #[test]
    fn definitions_and_uses_are_found() {
        let text = r#"{{ define "a" }}{{ template "b" . }}{{ end }}
{{- define "b" -}}{{ block "c" .Alerts }}{{ end }}{{- end -}}
{{ template "a" . }}{{/* {{ template "d" . }} */}}"#;
        let inside = |name: &str| Some(name.to_owned());
        assert_eq!(
            names(text),
            (
                vec!["a".to_owned(), "b".to_owned(), "c".to_owned()],
                vec![
                    ("b".to_owned(), inside("a")),
                    ("c".to_owned(), inside("b")),
                    ("a".to_owned(), None),
                ]
            )
        );
    }

    #[test]
    fn templates_are_read_as_go_does() {
        for text in [
            "plain } text",
            "{{ .Status | toUpper }} {{ len .Alerts.Firing }}",
            "{{ if eq .Status \"firing\" }}a{{ else if gt (len .Alerts) 3 }}b{{ else }}c{{ end }}",
            "{{ range $i, $alert := .Alerts }}{{ if $i }}{{ break }}{{ end }}{{ $alert.Labels.pod }}{{ end }}",
            "{{ with $x := index .Alerts 0 }}{{ $x.Labels }}{{ else with .Alerts }}{{ . }}{{ end }}",
            "{{ $n := 1 }}{{ $n = -2.5e3 }}{{ $.Status }}{{ printf \"%d}}\" $n }}",
            "{{ (index .Alerts 0).Labels.pod }} {{ `raw \" text` }} {{ 'c' }} {{ true }}",
            "{{- /* a comment */ -}}",
            "{{ .CommonLabels.SortedPairs.Values | join \" \" | title }}",
        ] {
            let read = read(text, &FUNCTIONS);
            assert!(read.is_ok(), "{text}: {read:?}");
        }
    }

    #[track_caller]
    fn assert_mistake(text: &str, at: &str, message: &str) {
        let found = read(text, &FUNCTIONS).expect_err("it is wrong");
        let found = (&text[found.at.clone()], found.message.as_str());
        assert_eq!(found, (at, message), "{text}");
    }

    #[test]
    fn mistakes_are_found_where_they_are() {
        assert_mistake("a {{ .Status", "{{", "this `{{` is not closed");
        assert_mistake("{{ .A {{ .B }}", "{{", "this `{{` is not closed");
        assert_mistake("{{ }}", "{{ }}", "there is nothing between `{{` and `}}`");
        assert_mistake("{{ \"a }}", "\"", "this text is not closed");
        assert_mistake("{{/* a }}", "/*", "this comment is not closed");
        assert_mistake("{{ if .A }}b", "if", "this `if` has no `end`");
        assert_mistake("{{ if }}{{ end }}", "if", "a value is missing here");
        assert_mistake("{{ .A || toUpper }}", ".A", "a value is missing here");
        assert_mistake("{{ end }}", "end", "this `end` has no beginning");
        assert_mistake("{{ else }}", "else", "this `else` belongs to nothing");
        assert_mistake(
            "{{ .A | toLower }}",
            "toLower",
            "there is no function `toLower`",
        );
        assert_mistake("{{ $a }}", "$a", "nothing sets the variable `$a`");
        assert_mistake(
            "{{ if $a := .A }}{{ end }}{{ $a.b }}",
            "$a.b",
            "nothing sets the variable `$a`",
        );
        assert_mistake("{{ len (.A }}", "(", "this `(` is not closed");
        assert_mistake("{{ len .A) }}", ")", "this `)` has no beginning");
        assert_mistake(
            "{{ if .A == 1 }}{{ end }}",
            "=",
            "`=` means nothing in a template",
        );
        assert_mistake("{{ template name . }}", "name", "`template` has no name");
        assert_mistake(
            "{{ if .A }}{{ define \"b\" }}{{ end }}{{ end }}",
            "define",
            "a `define` is inside of `if`",
        );
        assert_mistake(
            "{{ define \"a\" }}{{ end }}{{ define \"a\" }}{{ end }}",
            "\"a\"",
            "`a` is defined twice",
        );
        assert_mistake("{{ break }}", "break", "`break` is in no `range`");
        assert_mistake(
            "{{ .A | 3 }}",
            "3",
            "a `|` leads to something that is no function",
        );
    }
}
