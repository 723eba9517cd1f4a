//! The processes that types are checked in: started, waited for, and what became of them.

use std::ffi::OsString;
use std::fs::{self, File};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use super::Check;
use super::lines::{Line, Listed, TypeName};
use crate::Error;
use crate::cli::output;
use crate::plugins::this_program;

/// Beyond the time limit, for a process to say what does not return.
const GRACE: Duration = Duration::from_secs(10);
/// The longest time between two looks whether a process has ended.
const PERIOD: Duration = Duration::from_millis(20);
/// Lines of a library's own output that are shown.
const MOST_SHOWN: usize = 20;

/// A process that has ended.
struct Ended {
    lines: Vec<Line>,
    /// How it ended, where it was not done.
    early: Option<String>,
    /// What it wrote on standard output and standard error.
    said: String,
    code: Option<i32>,
}

/// Asks for the library's types. Where it does not load, that is said, and the exit code returned.
pub(super) fn list(check: &Check) -> Result<Result<Listed, u8>, Error> {
    let ended = run(check, None)?;
    for line in ended.lines {
        match line {
            Line::Library(listed) if ended.early.is_none() => {
                show(&ended.said, &listed.name);
                return Ok(Ok(listed));
            }
            Line::Stuck(how) => return Err(Error::plugin(how)),
            _ => {}
        }
    }
    match ended.code.and_then(|code| u8::try_from(code).ok()) {
        Some(code @ (2 | 3)) if ended.said.contains("error: ") => {
            output::complain(&ended.said.trim_end());
            Ok(Err(code))
        }
        _ => {
            let early = ended.early.unwrap_or_else(|| "told nothing".into());
            let path = check.library.display();
            Err(Error::plugin(format!("plugin `{path}`: while it was loaded it {early}")))
        }
    }
}

/// Checks one type. What its process did not get to say is added as a last line.
///
/// Errors: a process that cannot be started, and a file that is another one by now.
pub(super) fn check(check: &Check, each: &TypeName, listed: &Listed) -> Result<Vec<Line>, Error> {
    let mut ended = run(check, Some(each))?;
    let other = |line: &Line| matches!(line, Line::Library(now) if now.sha256 != listed.sha256);
    if ended.lines.iter().any(other) {
        let path = check.library.display();
        return Err(Error::plugin(format!("plugin {path}: the file changed while it was checked")));
    }
    let crash = ended.said.lines().find_map(|line| line.strip_prefix("error: "));
    if let Some(early) = ended.early {
        let named = ended.lines.iter().any(|line| matches!(line, Line::Stuck(_)));
        if !named {
            let plugin = format!("plugin `{}` ({} {})", each.name, listed.name, listed.version);
            let how = crash.map_or_else(|| format!("{plugin}: {early}"), String::from);
            ended.lines.push(Line::Stuck(how));
        }
    }
    let said: Vec<&str> =
        ended.said.lines().filter(|line| line.strip_prefix("error: ") != crash).collect();
    show(&said.join("\n"), &each.name);
    Ok(ended.lines)
}

/// What a library printed, on standard error.
fn show(said: &str, whose: &str) {
    let lines: Vec<&str> = said.lines().filter(|line| !line.is_empty()).collect();
    if lines.is_empty() {
        return;
    }
    let hidden = lines.len().saturating_sub(MOST_SHOWN);
    let before = if hidden > 0 { format!(" (after {hidden} lines)") } else { String::new() };
    output::complain(&format!("{whose} printed{before}:"));
    lines[hidden..].iter().for_each(|line| output::complain(&format!("  {line}")));
}

/// This program again, for one type or for the list of them.
fn run(check: &Check, each: Option<&TypeName>) -> Result<Ended, Error> {
    let cannot = |e: std::io::Error| Error::input(format!("cannot start a process: {e}"));
    let folder = tempfile::tempdir().map_err(cannot)?;
    let (report, said) = (folder.path().join("report"), folder.path().join("said"));
    let out = File::create(&said).map_err(cannot)?;
    let mut arguments: Vec<OsString> = ["plugin", "check", "--report"].map(OsString::from).into();
    arguments.push(report.clone().into());
    let mut option = |name: &str, value: String| {
        arguments.extend([OsString::from(name), OsString::from(value)]);
    };
    option("--time-limit", check.time_limit.as_secs_f64().to_string());
    if let Some(each) = each {
        option("--type", each.full());
        if let Some(law) = &check.law {
            option("--law", law.clone());
        }
        if let Some(case) = check.case {
            option("--case", case.to_string());
        }
    }
    let mut child = this_program()
        .args(arguments)
        .arg("--")
        .arg(&check.library)
        .stdin(Stdio::null())
        .stdout(out.try_clone().map_err(cannot)?)
        .stderr(out)
        .spawn()
        .map_err(cannot)?;
    let begun = Instant::now();
    let mut pause = Duration::from_millis(1);
    let status = loop {
        if let Some(status) = child.try_wait().map_err(cannot)? {
            break Some(status);
        }
        let late = begun.elapsed().saturating_sub(check.time_limit);
        let stuck = || matches!(read(&report).last(), Some(Line::Stuck(_)));
        if late > GRACE || !late.is_zero() && stuck() {
            child.kill().and_then(|()| child.wait()).map_err(cannot)?;
            break None;
        }
        std::thread::sleep(pause);
        pause = (2 * pause).min(PERIOD);
    };
    let lines = read(&report);
    let done = matches!(lines.last(), Some(Line::Done));
    let early = (!done).then(|| how(status, check.time_limit));
    let said = String::from_utf8_lossy(&fs::read(&said).unwrap_or_default()).into_owned();
    Ok(Ended { lines, early, said, code: status.and_then(|status| status.code()) })
}

/// The lines of a report; the last one may have been cut short.
fn read(report: &Path) -> Vec<Line> {
    let text = fs::read_to_string(report).unwrap_or_default();
    text.lines().map_while(|line| serde_json::from_str(line).ok()).collect()
}

/// How a process ended that was not done.
fn how(status: Option<ExitStatus>, limit: Duration) -> String {
    let Some(status) = status else {
        return format!("was not done after {} s", limit.as_secs_f64());
    };
    match (status.signal(), status.code()) {
        (Some(signal), _) => {
            let name = match signal {
                4 => " (SIGILL)",
                6 => " (SIGABRT)",
                7 => " (SIGBUS)",
                8 => " (SIGFPE)",
                9 => " (SIGKILL)",
                11 => " (SIGSEGV)",
                15 => " (SIGTERM)",
                _ => "",
            };
            format!("ended the process with signal {signal}{name}")
        }
        (None, code) => format!("ended the process with exit code {}", code.unwrap_or_default()),
    }
}
