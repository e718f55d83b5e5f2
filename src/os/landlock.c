/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Landlock: which files, TCP ports and other processes a role can reach.  Runs in every confined
 * role, once; its input is the role's own table of rights.
 */
#include "os/sandbox_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The kernel's headers on the oldest system we build on know ABI 2; the numbers are its interface
 * and do not change (linux/landlock.h of 6.15, ABI 7). */
#define FS_TRUNCATE     (UINT64_C(1) << 14) /* ABI 3 */
#define FS_IOCTL_DEV    (UINT64_C(1) << 15) /* ABI 5 */
#define NET_BIND_TCP    (UINT64_C(1) << 0)  /* ABI 4 */
#define NET_CONNECT_TCP (UINT64_C(1) << 1)
#define SCOPE_ABSTRACT  (UINT64_C(1) << 0) /* ABI 6 */
#define SCOPE_SIGNAL    (UINT64_C(1) << 1)
#define RULE_NET_PORT   2

struct ruleset_attr {
    uint64_t handled_fs, handled_net, scoped;
};
struct net_port_attr {
    uint64_t allowed, port;
};

#define FS_ABI_1                                                                                   \
    (LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_READ_FILE |   \
     LANDLOCK_ACCESS_FS_READ_DIR | LANDLOCK_ACCESS_FS_REMOVE_DIR |                                 \
     LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR | \
     LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |   \
     LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM)
/* What can be said of a path that is not a folder. */
#define FS_OF_FILES                                                                                \
    (LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_READ_FILE |   \
     FS_TRUNCATE | FS_IOCTL_DEV)

static const struct {
    unsigned right;
    uint64_t fs;
} rights_map[] = {
    {SANDBOX_READ, LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR},
    {SANDBOX_WRITE, LANDLOCK_ACCESS_FS_WRITE_FILE | FS_TRUNCATE},
    {SANDBOX_CREATE, LANDLOCK_ACCESS_FS_MAKE_REG},
    {SANDBOX_REMOVE, LANDLOCK_ACCESS_FS_REMOVE_FILE},
    {SANDBOX_DIRS, LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_REMOVE_DIR},
    {SANDBOX_MOVE, LANDLOCK_ACCESS_FS_REFER},
    {SANDBOX_EXEC, LANDLOCK_ACCESS_FS_EXECUTE},
    {SANDBOX_SOCKETS, LANDLOCK_ACCESS_FS_MAKE_SOCK},
    {SANDBOX_LINKS, LANDLOCK_ACCESS_FS_MAKE_SYM},
    {SANDBOX_LIST, LANDLOCK_ACCESS_FS_READ_DIR},
};

int sandbox_landlock_abi(void)
{
    long abi =
        syscall(SYS_landlock_create_ruleset, NULL, (size_t)0, LANDLOCK_CREATE_RULESET_VERSION);
    return abi > 0 ? (int)abi : 0;
}

static struct ruleset_attr attr_of(const struct sandbox_rules *rules, int abi)
{
    struct ruleset_attr a = {.handled_fs = FS_ABI_1 | LANDLOCK_ACCESS_FS_REFER};
    if (abi >= 3)
        a.handled_fs |= FS_TRUNCATE;
    if (abi >= 4) {
        if ((rules->calls & SANDBOX_C_BIND) == 0)
            a.handled_net |= NET_BIND_TCP;
        if ((rules->calls & SANDBOX_C_INET) == 0 || rules->nconnect > 0)
            a.handled_net |= NET_CONNECT_TCP;
    }
    if (abi >= 5)
        a.handled_fs |= FS_IOCTL_DEV;
    if (abi >= 6)
        a.scoped = SCOPE_ABSTRACT | SCOPE_SIGNAL;
    return a;
}

static size_t attr_size(int abi)
{
    return abi >= 6   ? sizeof(struct ruleset_attr)
           : abi >= 4 ? offsetof(struct ruleset_attr, scoped)
                      : offsetof(struct ruleset_attr, handled_net);
}

static enum rc add_path(int ruleset, uint64_t handled, const struct sandbox_path *p, struct err *e)
{
    AUTO(fd) int fd = open(p->path, O_PATH | O_CLOEXEC);
    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR) && (p->rights & SANDBOX_MAYBE))
        return RC_OK;
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0)
        return err_errno(e, RC_INVALID, "cannot open %s", p->path);
    uint64_t fs = 0;
    for (size_t i = 0; i < ARRAY_LEN(rights_map); i++)
        if (p->rights & rights_map[i].right)
            fs |= rights_map[i].fs;
    fs &= handled;
    if (!S_ISDIR(st.st_mode))
        fs &= FS_OF_FILES;
    if (fs == 0)
        return RC_OK;
    struct landlock_path_beneath_attr a = {.allowed_access = fs, .parent_fd = fd};
    if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &a, 0) != 0)
        return err_errno(e, RC_IO, "Landlock: cannot allow %s", p->path);
    return RC_OK;
}

static enum rc add_ports(int ruleset, const struct sandbox_rules *rules, struct err *e)
{
    for (size_t i = 0; i < rules->nconnect; i++) {
        struct net_port_attr a = {.allowed = NET_CONNECT_TCP, .port = rules->connect[i]};
        if (syscall(SYS_landlock_add_rule, ruleset, RULE_NET_PORT, &a, 0) != 0)
            return err_errno(e, RC_IO, "Landlock: cannot allow port %u", rules->connect[i]);
    }
    return RC_OK;
}

enum rc landlock_apply(const struct sandbox_rules *rules, int *ret_abi, struct err *e)
{
    int abi = sandbox_landlock_abi();
    if (abi < SANDBOX_LANDLOCK) {
        *ret_abi = 0;
        return RC_OK;
    }
    struct ruleset_attr attr = attr_of(rules, abi);
    AUTO(fd)
    int ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, attr_size(abi), (uint32_t)0);
    if (ruleset < 0)
        return err_errno(e, RC_IO, "Landlock: cannot make rules");
    for (size_t i = 0; i < rules->npaths; i++)
        TRY(add_path(ruleset, attr.handled_fs, &rules->paths[i], e));
    if (attr.handled_net & NET_CONNECT_TCP)
        TRY(add_ports(ruleset, rules, e));
    if (syscall(SYS_landlock_restrict_self, ruleset, 0) != 0)
        return err_errno(e, RC_IO, "Landlock: cannot apply");
    *ret_abi = abi;
    return RC_OK;
}
