/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VULNDESK_DESK_SETTINGS_H
#define VULNDESK_DESK_SETTINGS_H

#include "base/arena.h"
#include "base/json.h"
#include "base/str.h"

/*
 * The one table of settings (settings.c) and the typed result of reading vulndesk.conf with it.
 * The file is INI (base/ini.h).  The environment is never asked.
 *
 * Every text member is a struct str with a NUL behind it, so .p is also a C string; an unset text
 * has n == 0.  Paths are absolute when loaded: a relative one counts from the directory of the
 * configuration file.  Spans are microseconds, 0 means "none"; sizes are bytes.
 */
#define SETTINGS_FILE            "vulndesk.conf" /* in the current folder, where a command names none */
#define SETTINGS_FILE_MAX        (256 * 1024) /* bytes of a configuration file */
#define SETTINGS_VALUE_MAX       4096         /* bytes of one value */
#define SETTINGS_LIST_MAX        64           /* elements of one list */
#define SETTINGS_REPOSITORIES    16           /* besides the project's own */
#define SETTINGS_REPOSITORY_NAME 60           /* bytes */
#define SETTINGS_SOCK_MAX        107 /* bytes of a unix socket's path (sun_path less its NUL) */
#define SETTINGS_PROBLEMS        50  /* problems reported for one file; the rest are counted */

struct str_list {
    struct str *v;
    size_t n;
};

enum tls_use { TLS_REQUIRE, TLS_TRY, TLS_NEVER };
/* off: nothing leaves, the outbox fills; copy: the desk only watches, nothing is even queued. */
enum mail_outgoing { OUTGOING_OFF, OUTGOING_ON, OUTGOING_COPY };
enum sandbox_mode { SANDBOX_REQUIRE, SANDBOX_BEST_EFFORT };

struct settings {
    struct {
        struct str name;         /* shown on pages and in mail */
        struct str prefix;       /* of case numbers: 2..10 of A-Z 0-9, a letter first */
        struct str base_url;     /* of the public pages, no slash at the end */
        struct str staff_url;    /* of the team's pages, no slash at the end */
        struct str data_dir;     /* spool, blobs, keys, sockets, the embedded database */
        struct str_list contact; /* addresses that take reports, at least one; [0] = ours */
        struct str language;     /* of the texts we write, "en" */
        struct str templates;    /* folder of changed text templates, empty = the built-in ones */
        struct str canned;       /* folder of texts to start a reply from (desk/canned.h) */
    } desk;
    struct {
        struct str url; /* "sqlite:/path" or what libpq takes (store/db.h) */
    } store;
    struct { /* "host:port", "[v6]:port" or "unix:/path" (os/sock.h) */
        struct str_list smtp;
        struct str_list lmtp;
        struct str public_http; /* empty = none */
        struct str staff_http;
        struct str cli; /* always a unix socket */
    } listen;
    struct {
        struct str hostname; /* in greetings and Message-IDs */
        int64_t max_size;    /* of one incoming message */
        struct str
            authserv_id;      /* whose Authentication-Results count (RFC 8601); empty = nobody's */
        int64_t trusted_hops; /* Received fields that our own MTAs add */
        struct str_list spam_headers; /* "Name: value prefix": such mail gets no automatic answer */
        enum mail_outgoing outgoing;
        struct str submission_url;   /* smtp:// or smtps:// */
        enum tls_use submission_tls; /* STARTTLS on smtp:// */
        struct str submission_ca;    /* file of CA certificates, empty = the system's */
        struct str submission_user;
        struct str submission_password_file; /* first line is the password */
        struct str from;                     /* From of what we send; default contact[0] */
        struct str bounce_address;           /* envelope sender of replies; default `from` */
        struct str tls_cert, tls_key;        /* for STARTTLS on our listener, both or neither */
        int64_t undo_us;                     /* a reply waits so long and can be undone meanwhile */
        int64_t ack_rate_count;              /* acknowledgements for one sender ... */
        int64_t ack_rate_us;                 /* ... in this span */
        bool notices;                        /* the team is told by mail (desk/notice.h) */
        int64_t notice_pause_us;             /* between two of one kind about one case */
        /* A contact address that is a general mailbox (desk/shared.h). */
        bool shared;
        struct str_list report_words; /* words of subject or text that make a mail a report */
        struct str_list no_report;    /* "Name: value prefix": such mail is none */
        struct str next_hop;          /* smtp:// or smtps://: takes what is none; empty = held */
        enum tls_use next_hop_tls;
    } mail;
    struct {            /* a mailbox that is polled, for a team without an MTA of its own */
        struct str url; /* imap:// or imaps://, empty = none */
        enum tls_use tls;
        struct str user, password_file, ca;
        struct str folder;
        int64_t poll_us; /* where the server has no IDLE */
        bool old_mail;   /* what lay there before the desk first looked is taken too */
    } imap;
    struct {
        struct str file; /* the policy (desk/policy.h) */
        /* Does the policy promise it?  What is false is never said in a mail. */
        bool acknowledge, detail, update;
        /* The team's own times for its clocks, never to be quoted as the policy's words; 0 = no
         * clock.  Where the policy states a time, policy.h has it with its sentence. */
        int64_t acknowledge_within_us, detail_within_us, update_every_us;
        int64_t default_embargo_us; /* 0 = none */
    } policy;
    struct {
        struct str name;              /* of the software */
        struct str repository;        /* folder of the bare mirror, empty = none */
        struct str_list repositories; /* NAME=FOLDER of further mirrors of the organisation */
        struct str tag_pattern;       /* release tags (git/tagpattern.h), empty = not known */
        struct str_list maintained;   /* branches whose users get fixes; empty = not known */
        struct str components;        /* file of the component map, empty = none */
    } project;
    struct {
        struct str_list announce_to;         /* lists that get each advisory by mail */
        struct str ecosystem, package, purl; /* of the OSV documents; may be empty */
    } publish;
    struct {
        enum sandbox_mode mode;
    } sandbox;
    struct {
        int64_t closed_after_us; /* closed cases older than this are erased; 0 = never */
    } retention;
    struct {
        struct str token_file; /* first line: who sends it may read /metrics; empty = nobody */
    } metrics;
    struct {
        int64_t cores;    /* number of core processes */
        int64_t uid_base; /* role k runs as uid_base + k when started as root; 0 = do not change */
    } roles;
    struct {
        int64_t smtp_clients, smtp_clients_per_host;
        int64_t smtp_recipients; /* of one message */
        int64_t smtp_idle_us;    /* a silent client is closed */
        int64_t http_clients;
        int64_t http_body;     /* bytes of one request's body */
        int64_t parse_time_us; /* of one mail, in the parse child */
        int64_t disk_reserve;  /* bytes; with less free space mail is put off (452); 0 = none */
        int64_t parse_memory;  /* bytes of address space for it */
        int64_t signin_link_us, session_us, way_back_us; /* how long each is good */
        int64_t report_rate_count, report_rate_us;       /* reports by the form of one client */
        int64_t report_all_count, report_all_us;         /* of everybody together */
    } limits;

    /* For settings_show only. */
    struct arena *arena;
    struct str file;           /* as given */
    const unsigned *line_of;   /* by row of the table: the line that set it, 0 = default */
    const struct str *text_of; /* by row: the value as text, defaults expanded */
};

/*
 * Reads and checks the file.  On failure e names the first problem as "FILE:LINE: ..."; when report
 * is not NULL, every problem is appended to it, a line each, in file order.  RC_INVALID for wrong
 * content, RC_IO/RC_NOTFOUND when the file cannot be read, RC_LIMIT when it is too large.
 * Looks at nothing but this one file: whether the files it names exist is the job of cli/config.h.
 */
enum rc settings_load(const char *file, struct buf *report, struct settings **ret_s, struct err *e)
    WARN_UNUSED;

/* The same, pure: text of a file called `file` that lies in the absolute directory dir. */
enum rc settings_parse(struct str text, struct str file, struct str dir, struct buf *report,
                       struct settings **ret_s, struct err *e) WARN_UNUSED;

void settings_free(struct settings *s); /* NULL is fine */
void settings_auto(struct settings **s);

/* Every value with its explanation and where it comes from, for people. */
void settings_show(const struct settings *s, struct buf *b);
/*
 * {"file","settings":{"SECTION":{"KEY":{"value","default":bool,"line"?}}}}; value is a JSON string,
 * number (bytes for sizes, seconds for spans), boolean, array, or null for none.  New reference.
 */
json_t *settings_json(const struct settings *s);

/* The table, for `init`, the manual page and its test. Rows of a section lie together. */
enum setting_type {
    SET_TEXT,
    SET_PATH,
    SET_ADDRESS, /* of mail: local@domain */
    SET_SOCKET,  /* of a listener */
    SET_URL,
    SET_SIZE, /* bytes, or with K, M, G */
    SET_SPAN, /* 30m, 24h, 14d, 2w; none */
    SET_BOOL, /* yes, no */
    SET_ENUM, /* one of `choices` */
    SET_INT,
    SET_RATE,      /* count/span: 10/1h */
    SET_LIST,      /* of texts, comma between */
    SET_ADDRESSES, /* lists of the types above */
    SET_SOCKETS
};
struct setting {
    const char *section, *key;
    enum setting_type type;
    bool required;
    const char *def;     /* as in the file; "{data_dir}" and the like are filled in; "" = unset */
    const char *choices; /* SET_ENUM: "require|try|never"; SET_BOOL has yes|no */
    int64_t min, max;    /* number, bytes, microseconds, or length of a text */
    const char *help;    /* one line, no full stop at the end */
};
size_t settings_count(void);
const struct setting *settings_row(size_t i);
/* One line for each section: what it is about. "" for an unknown name. */
const char *settings_section_help(const char *section);
/* "text", "path", ... */
const char *settings_type_name(enum setting_type t);
/* "64K to 512M", "1 to 16", "yes or no"; the bounds of a row for people. */
void settings_bounds(const struct setting *row, struct buf *b);

/*
 * A complete, commented file, section by section: the rows named in `set` with that value, below
 * their explanation and, when note is not NULL, their note ("the policy's line 22"); then the
 * others, a commented line each that shows the default.  A value must be valid on its own;
 * RC_INVALID when a name ("section.key") is unknown or a value would not be read back.
 */
struct setting_value {
    const char *name; /* "desk.prefix" */
    struct str value;
    const char *note; /* lines with \n between, or NULL */
};
enum rc settings_write(struct buf *b, const struct setting_value *set, size_t n, struct err *e)
    WARN_UNUSED;

/* Of an element of project.repositories; false: it is not of that form. */
bool settings_repository(struct str v, struct str *ret_name, struct str *ret_dir);

#endif
