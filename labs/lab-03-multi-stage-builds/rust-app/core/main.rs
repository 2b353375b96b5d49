//! A web server without the standard library: system calls, and nothing else.
//! Each connection gets a process of its own; `server check` asks whether the server is well.
#![no_std]
#![no_main]

use core::arch::{asm, global_asm};

const READ: usize = 0;
const WRITE: usize = 1;
const CLOSE: usize = 3;
const SIGACTION: usize = 13;
const ALARM: usize = 37;
const SOCKET: usize = 41;
const CONNECT: usize = 42;
const ACCEPT: usize = 43;
const BIND: usize = 49;
const LISTEN: usize = 50;
const FORK: usize = 57;
const EXIT: usize = 60;

const SIGINT: usize = 2;
const SIGTERM: usize = 15;
const SIGCHLD: usize = 17;

/// Any address, port 8080, as the kernel's `sockaddr_in`.
static ADDRESS: [u8; 16] = [2, 0, 0x1f, 0x90, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
static PAGE: [u8; 41] = *b"HTTP/1.0 200 OK\r\n\r\nHello from bare Rust!\n";
static MISSING: [u8; 26] = *b"HTTP/1.0 404 Not Found\r\n\r\n";
static QUESTION: [u8; 18] = *b"GET / HTTP/1.0\r\n\r\n";
const GET_ROOT: u64 = u64::from_be_bytes(*b"\0\0GET / ");
const EMPTY_LINE: u32 = u32::from_be_bytes(*b"\r\n\r\n");

#[repr(C)]
struct Action(usize, usize, usize, usize);

// The kernel starts a program with the argument count on top of the stack.
global_asm!(".globl _start", "_start: mov rdi, [rsp]", "jmp {main}", main = sym main);

#[inline(always)]
fn call(number: usize, a: usize, b: usize, c: usize) -> isize {
    let result;
    // SAFETY: every caller passes valid buffers; r10 is 8, the size of a signal mask, which other calls ignore.
    unsafe {
        asm!("syscall", inlateout("rax") number => result, in("rdi") a, in("rsi") b, in("rdx") c, in("r10") 8,
             lateout("rcx") _, lateout("r11") _);
    }
    result
}

extern "C" fn stop() -> ! {
    exit(0)
}

fn exit(code: usize) -> ! {
    call(EXIT, code, 0, 0);
    loop {}
}

fn answer(connection: usize) -> ! {
    let mut byte = 0u8;
    let (mut start, mut end, mut length) = (0u64, 0u32, 0);
    call(ALARM, 30, 0, 0);
    while call(READ, connection, &raw mut byte as usize, 1) == 1 {
        if length < 6 {
            start = start << 8 | u64::from(byte);
        }
        end = end << 8 | u32::from(byte);
        length += 1;
        if end == EMPTY_LINE {
            let response: &[u8] = if start == GET_ROOT { &PAGE } else { &MISSING };
            call(WRITE, connection, response.as_ptr() as usize, response.len());
            break;
        }
    }
    exit(0)
}

extern "C" fn main(count: usize) -> ! {
    let socket = call(SOCKET, 2, 1, 0) as usize;
    let address = ADDRESS.as_ptr() as usize;
    if count > 1 {
        let mut status = [0u8; 12];
        call(CONNECT, socket, address, 16);
        call(WRITE, socket, QUESTION.as_ptr() as usize, QUESTION.len());
        call(READ, socket, status.as_mut_ptr() as usize, status.len());
        exit(usize::from(status[9] != b'2'))
    }
    call(BIND, socket, address, 16);
    call(LISTEN, socket, 4096, 0);
    let stopping = Action(stop as *const () as usize, 0x0400_0000, 0, 0);
    let ignoring = Action(1, 0, 0, 0);
    call(SIGACTION, SIGTERM, &raw const stopping as usize, 0);
    call(SIGACTION, SIGINT, &raw const stopping as usize, 0);
    call(SIGACTION, SIGCHLD, &raw const ignoring as usize, 0);
    loop {
        let connection = call(ACCEPT, socket, 0, 0) as usize;
        if call(FORK, 0, 0, 0) == 0 {
            answer(connection)
        }
        call(CLOSE, connection, 0, 0);
    }
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    exit(1)
}
