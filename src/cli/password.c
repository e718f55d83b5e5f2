/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asking for a password.  Runs as the user who typed the command; what is typed is checked by the
 * desk.
 */
#include "cli/password.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <termios.h>
#include <unistd.h>

#include "os/file.h"

#define LINE_MAX_BYTES 1024

static enum rc read_line(int fd, struct buf *b, struct err *e)
{
    for (;;) {
        char c;
        ssize_t n = read(fd, &c, 1);
        if (n < 0)
            return err_set(e, RC_IO, "the password cannot be read");
        if (n == 0 || c == '\n')
            break;
        buf_addc(b, c);
    }
    if (b->n > 0 && b->p[b->n - 1] == '\r')
        b->n--;
    return buf_ok(b, "the password", e);
}

/* Signals that would leave the terminal mute wait until it speaks again. */
static enum rc ask_quietly(int tty, const char *question, struct buf *b, struct err *e)
{
    struct termios was, quiet;
    sigset_t stop, before;
    if (tcgetattr(tty, &was) != 0)
        return err_set(e, RC_IO, "the terminal cannot be asked");
    quiet = was;
    quiet.c_lflag &= ~(tcflag_t)ECHO;
    quiet.c_lflag |= ICANON | ECHONL;
    sigemptyset(&stop);
    sigaddset(&stop, SIGTSTP);
    sigaddset(&stop, SIGINT);
    sigaddset(&stop, SIGTERM);
    sigaddset(&stop, SIGHUP);
    sigprocmask(SIG_BLOCK, &stop, &before);
    enum rc rc = fd_write_all(tty, str_c(question), e);
    if (rc == RC_OK && tcsetattr(tty, TCSAFLUSH, &quiet) != 0)
        rc = err_set(e, RC_IO, "the terminal cannot be made quiet");
    if (rc == RC_OK)
        rc = read_line(tty, b, e);
    (void)tcsetattr(tty, TCSAFLUSH, &was);
    sigprocmask(SIG_SETMASK, &before, NULL);
    return rc;
}

enum rc password_ask(const char *login, struct buf *b, struct err *e)
{
    AUTO(buf) struct buf again = BUF_INIT(LINE_MAX_BYTES);
    AUTO(fd) int tty = -1;
    char question[128];
    if (!isatty(STDIN_FILENO)) {
        TRY(read_line(STDIN_FILENO, b, e));
        return b->n ? RC_OK : err_set(e, RC_INVALID, "standard input has no password");
    }
    tty = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (tty < 0)
        return err_set(e, RC_IO, "there is no terminal to ask on");
    snprintf(question, sizeof question, "New password of %.64s: ", login);
    TRY(ask_quietly(tty, question, b, e));
    enum rc rc = ask_quietly(tty, "The same again: ", &again, e);
    bool same = rc == RC_OK && str_eq(buf_str(b), buf_str(&again));
    password_wipe(&again);
    TRY(rc);
    return same ? RC_OK : err_set(e, RC_INVALID, "the two are not the same");
}

void password_wipe(struct buf *b)
{
    if (b->p)
        explicit_bzero(b->p, b->n);
    buf_reset(b);
}
