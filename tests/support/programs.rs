//! Child processes that never outlive whoever started them: not when a test panics, not when the test process ends
//! without dropping its statics, not when it is killed.
//!
//! Each group of programs has a watchdog, a small `sh` in a process group of its own (so that Ctrl-C does not reach
//! it), that reads what it has to do from a pipe. When this process ends, however it ends, the pipe closes: the
//! watchdog kills by process id what still runs and removes the group's folder. The kernel's parent-death signal is no
//! way, because it fires when the *thread* that started a child ends, and tests run in threads.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::tools::progress;

/// A folder with the data and logs of some programs, and the programs.
pub struct Programs {
    folder: PathBuf,
    running: Mutex<Vec<Program>>,
    watchdog: Mutex<Watchdog>,
}

impl Programs {
    /// A group without programs, in a temporary folder.
    pub fn start() -> io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("kpbuild-test-").tempdir()?;
        let watchdog = Mutex::new(Watchdog::start(folder.path())?);
        Ok(Self {
            folder: folder.keep(),
            running: Mutex::default(),
            watchdog,
        })
    }

    /// The folder of data and logs; it goes when the group goes, unless a test failed.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Starts a program with its output in `NAME.log`.
    pub fn spawn(&self, name: &'static str, command: &mut Command) -> io::Result<()> {
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.log(name))?;
        let child = command
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .process_group(0)
            .spawn()?;
        locked(&self.watchdog).tell(&format!("kill {}", child.id()));
        locked(&self.running).push(Program { name, child });
        Ok(())
    }

    /// Kills a program, as a fault to test against or before it is started anew.
    pub fn kill(&self, name: &str) -> io::Result<()> {
        let mut running = locked(&self.running);
        while let Some(place) = running.iter().position(|program| program.name == name) {
            let mut program = running.remove(place);
            program.child.kill()?;
            program.child.wait()?;
            locked(&self.watchdog).tell(&format!("forget {}", program.child.id()));
        }
        Ok(())
    }

    /// Sends a signal, such as `HUP`, to the programs of a name.
    pub fn signal(&self, name: &str, signal: &str) -> io::Result<()> {
        let running = locked(&self.running);
        for program in running.iter().filter(|program| program.name == name) {
            let id = program.child.id().to_string();
            Command::new("kill").args(["-s", signal, &id]).status()?;
        }
        Ok(())
    }

    /// The first program that has ended by itself, and how.
    pub fn ended(&self) -> Option<(&'static str, ExitStatus)> {
        locked(&self.running)
            .iter_mut()
            .find_map(|program| Some((program.name, program.child.try_wait().ok()??)))
    }

    /// The file that holds what the program printed.
    pub fn log(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.log"))
    }

    /// The last lines that a program printed, for an error message.
    pub fn last_lines(&self, name: &str, count: usize) -> String {
        let text = fs::read(self.log(name))
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(count)..].join("\n")
    }

    /// Leaves the folder where it is when the group ends, and says so once.
    pub fn keep_folder(&self) {
        if locked(&self.watchdog).keep() {
            progress(&format!(
                "the logs of the test cluster stay in {}",
                self.folder.display()
            ));
        }
    }
}

impl Drop for Programs {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.keep_folder();
        }
        for program in locked(&self.running).iter_mut() {
            // One that has ended already is as good as one that was killed.
            let _ = program.child.kill();
            let _ = program.child.wait();
            locked(&self.watchdog).tell(&format!("forget {}", program.child.id()));
        }
        locked(&self.watchdog).end();
    }
}

struct Program {
    name: &'static str,
    child: Child,
}

struct Watchdog {
    process: Child,
    orders: Option<ChildStdin>,
    kept: bool,
}

/// What the watchdog does. `$1` is the folder; a killed program may still be closing its files when it is removed.
const WATCHDOG: &str = r#"
pids=
keep=
while read -r order pid; do
  case $order in
    kill) pids="$pids $pid" ;;
    forget)
      left=
      for p in $pids; do [ "$p" = "$pid" ] || left="$left $p"; done
      pids=$left
      ;;
    keep) keep=yes ;;
  esac
done
[ -z "$pids" ] || kill -KILL $pids
[ -n "$keep" ] && exit
for attempt in 1 2 3 4 5; do
  rm -rf "$1" && exit
  sleep 0.2
done
"#;

impl Watchdog {
    fn start(folder: &Path) -> io::Result<Self> {
        let mut process = Command::new("sh")
            .args(["-c", WATCHDOG, "watchdog"])
            .arg(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()?;
        let orders = process.stdin.take();
        Ok(Self {
            process,
            orders,
            kept: false,
        })
    }

    fn tell(&mut self, order: &str) {
        if let Some(orders) = &mut self.orders {
            // A watchdog that somebody killed can no longer help; `Drop` still cleans up.
            let _ = writeln!(orders, "{order}");
        }
    }

    /// Whether this was the first time.
    fn keep(&mut self) -> bool {
        self.tell("keep");
        !std::mem::replace(&mut self.kept, true)
    }

    fn end(&mut self) {
        self.orders = None;
        let _ = self.process.wait();
    }
}

/// A test that panicked while it held the lock has broken nothing that matters here.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
