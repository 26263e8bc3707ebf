//! `kpbuild grafana-password`: the one place where a password is printed.

use anyhow::{Context as _, bail};

use crate::administrator;
use crate::cli::GrafanaPassword;
use crate::cluster_run::{compiled, connect};
use crate::exit::Exit;
use crate::terminal::Terminal;

pub(crate) fn run(arguments: &GrafanaPassword, terminal: &mut Terminal) -> anyhow::Result<Exit> {
    let Some(compiled) = compiled(&arguments.stack, terminal)? else {
        return Ok(Exit::Error);
    };
    let stack = &compiled.stack;
    let Some(admin) = &stack.grafana_admin else {
        bail!(
            "`{}` names no Secret for Grafana's administrator: the first login is `admin` with the password `admin`. To \
             have a password made, write `components.grafana.admin: {{secret: grafana-admin, generate: true}}`",
            arguments.stack.display()
        );
    };
    let cluster = connect(stack, &arguments.connection)?;
    let values = cluster.secret(&administrator::secret(stack, admin))?;
    let values = values.with_context(|| {
        let way = if admin.generate {
            "`kpbuild apply` makes it"
        } else {
            "it is one of yours (`generate: true` lets `kpbuild apply` make it)"
        };
        format!(
            "there is no Secret `{}` in namespace `{}`: {way}",
            admin.secret, stack.namespace
        )
    })?;
    let value = |key: &str| {
        let found = values.iter().find(|(name, _)| name == key);
        let (_, value) =
            found.with_context(|| format!("Secret `{}` has no key `{key}`", admin.secret))?;
        Ok::<_, anyhow::Error>(String::from_utf8_lossy(value).into_owned())
    };
    let (user, password) = (value(&admin.user_key)?, value(&admin.password_key)?);
    terminal.say(&format!("the password of `{user}`, as it was at first:"));
    terminal.data(&format!("{password}\n"))?;
    Ok(Exit::Done)
}
