//! `insist completions` and `insist man`: what shells and readers of manuals know of the command, made from the command line itself.

use std::io::Write;
use std::process::ExitCode;

use clap::{Args, Command, ValueEnum};
use clap_complete::{Generator, Shell, generate};

use crate::exit::Failure;
use crate::output::output;

/// Print what makes a shell complete the command
#[derive(Args)]
#[command(after_help = SHELLS)]
pub(crate) struct Completions {
    /// The shell
    #[arg(value_enum)]
    shell: ShellName,
}

const SHELLS: &str = "\
Examples:
  insist completions bash >~/.local/share/bash-completion/completions/insist
  insist completions zsh >~/.zfunc/_insist
  insist completions fish >~/.config/fish/completions/insist.fish
  insist completions powershell >>$PROFILE";

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ShellName {
    Bash,
    Zsh,
    Fish,
    #[value(name = "powershell")]
    PowerShell,
}

/// Print the manual page of the command, or of one of its sub-commands
#[derive(Args)]
#[command(after_help = "Examples:\n  insist man | man -l -\n  insist man get >insist-get.1")]
pub(crate) struct Man {
    /// The sub-command [default: the command itself]
    name: Option<String>,
}

impl Completions {
    pub(crate) fn run(&self, mut command: Command) -> Result<ExitCode, Failure> {
        let generator: &dyn Fn(&mut Command) -> Vec<u8> = match self.shell {
            ShellName::Bash => &|command| generated(Shell::Bash, command),
            ShellName::Zsh => &|command| generated(Shell::Zsh, command),
            ShellName::Fish => &|command| generated(Shell::Fish, command),
            ShellName::PowerShell => &|command| generated(Shell::PowerShell, command),
        };
        let mut to = output();
        to.write_all(&generator(&mut command))?;
        to.flush()?;
        Ok(ExitCode::SUCCESS)
    }
}

fn generated(shell: impl Generator, command: &mut Command) -> Vec<u8> {
    let mut text = Vec::new();
    generate(shell, command, "insist", &mut text);
    text
}

impl Man {
    pub(crate) fn run(&self, mut command: Command) -> Result<ExitCode, Failure> {
        command.build();
        if let Some(name) = &self.name {
            let Some(found) = command.find_subcommand(name) else {
                let names: Vec<&str> = command.get_subcommands().map(Command::get_name).collect();
                return Err(Failure::Usage(format!(
                    "there is no sub-command '{name}'; there are {}",
                    names.join(", ")
                )));
            };
            command = found.clone();
        }
        let mut text = Vec::new();
        clap_mangen::Man::new(command).render(&mut text)?;
        let mut to = output();
        to.write_all(&text)?;
        to.flush()?;
        Ok(ExitCode::SUCCESS)
    }
}
