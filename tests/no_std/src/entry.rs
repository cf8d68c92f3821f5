//! Where the program begins and ends, which std and the C library would have brought.
//!
//! The only unsafe code of the project: without either of them, a process can neither be entered nor left in safe
//! Rust. It is two symbols in assembly, and nothing is passed through memory.

#[cfg(not(all(target_arch = "x86_64", target_os = "linux")))]
compile_error!("the proof's entry and exit are written for Linux on x86-64");

// The kernel enters with an aligned stack and no return address, `call` puts one there as functions expect.
core::arch::global_asm!(
    ".globl _start",
    "_start:",
    "xor ebp, ebp",
    "call {run}",
    "mov edi, eax",
    ".globl leave_process",
    "leave_process:",
    "mov eax, 60", // exit
    "syscall",
    run = sym run,
);

extern "C" fn run() -> i32 {
    crate::run()
}

// SAFETY: `leave_process` is defined above, takes its argument in edi as C does, and never returns.
unsafe extern "C" {
    safe fn leave_process(status: i32) -> !;
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    leave_process(101)
}
