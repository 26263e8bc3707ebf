//! A program at a terminal: what a person would see on a screen of a given width, and what they type.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::num::NonZeroU16;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use rustix::fs::{Mode, OFlags};
use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

/// A program that runs at a terminal which is so high that nothing scrolls away.
pub struct Session {
    program: Child,
    keyboard: File,
    screen: Arc<Mutex<vt100::Parser>>,
    reader: JoinHandle<()>,
    columns: NonZeroU16,
}

const ROWS: NonZeroU16 = NonZeroU16::new(500).expect("500 is not 0");

impl Session {
    /// Starts a program whose three streams are the terminal.
    pub fn start(mut command: Command, columns: u16) -> Self {
        let columns = NonZeroU16::new(columns).expect("a screen has columns");
        let (master, terminal) = open(columns).expect("the system has pseudo-terminals");
        let stream = || Stdio::from(terminal.try_clone().expect("a file has a second handle"));
        let program = command
            .stdin(stream())
            .stdout(stream())
            .stderr(stream())
            .spawn()
            .expect("the program was built and can be run");
        // It holds the terminal open, and reading ends only when nobody does.
        drop(command);
        let screen = Arc::new(Mutex::new(vt100::Parser::new(ROWS, columns, 0)));
        let mut output = master.try_clone().expect("a file has a second handle");
        let of_reader = Arc::clone(&screen);
        let reader = std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            // Reading fails when the program has closed the last handle.
            while let Ok(length @ 1..) = output.read(&mut bytes) {
                locked(&of_reader).process(&bytes[..length]);
            }
        });
        Self {
            program,
            keyboard: master,
            screen,
            reader,
            columns,
        }
    }

    /// What is on the screen now, row by row.
    pub fn screen(&self) -> String {
        shown(&self.screen, self.columns)
    }

    /// Waits until a text is on the screen, and gives the whole screen.
    pub fn wait_for(&self, text: &str) -> String {
        for _ in 0..1200 {
            let screen = self.screen();
            if screen.contains(text) {
                return screen;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!(
            "waited a minute for `{text}`; the screen is\n{}",
            self.screen()
        );
    }

    /// Types a line.
    pub fn type_line(&mut self, line: &str) {
        writeln!(self.keyboard, "{line}").expect("the terminal is open");
    }

    /// Sends a signal, such as the one of Ctrl-C.
    pub fn signal(&self, signal: Signal) {
        let pid = Pid::from_child(&self.program);
        kill_process(pid, signal).expect("the program runs");
    }

    /// Waits until the program ends; gives the last screen.
    pub fn finish(self) -> (String, ExitStatus) {
        let Self {
            mut program,
            keyboard: _still_open,
            screen,
            reader,
            columns,
        } = self;
        let status = program.wait().expect("it was started");
        reader.join().expect("reading does not panic");
        (shown(&screen, columns), status)
    }
}

fn shown(screen: &Mutex<vt100::Parser>, columns: NonZeroU16) -> String {
    let parser = locked(screen);
    let rows = parser.screen().rows(0, columns.get());
    let text = rows.fold(String::new(), |text, row| text + row.trim_end() + "\n");
    text.trim_end().to_owned() + "\n"
}

/// Both ends of a new terminal.
fn open(columns: NonZeroU16) -> rustix::io::Result<(File, File)> {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY)?;
    grantpt(&master)?;
    unlockpt(&master)?;
    let name = ptsname(&master, Vec::new())?;
    let terminal = rustix::fs::open(name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty())?;
    let size = Winsize {
        ws_row: ROWS.get(),
        ws_col: columns.get(),
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    tcsetwinsize(&master, size)?;
    Ok((File::from(master), File::from(terminal)))
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
