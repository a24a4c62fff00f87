/* The application's contract with lanyard-node, for programs in C. One file, no library: copy it into your source.
 *
 * An application that nobody may interrupt now says so; one that is asked to stop finishes its work first, leaves a
 * note for the release that takes its place, and need not close its port. What each message means: contract.proto, and
 * docs/reference/contract.md. Linux; C99, C11, C++. Not for use by several threads at once.
 *
 *     struct lanyard_app app;
 *     if (lanyard_app_connect(&app, NULL) == 0 && lanyard_app_register(&app, NULL, 0, 1) == 0) {
 *         lanyard_app_busy(&app, "prints invoices", 600);
 *         ...
 *         lanyard_app_idle(&app);
 *     }
 *     struct lanyard_event event;
 *     while (lanyard_app_next(&app, -1, &event) == 1) {
 *         if (event.kind == LANYARD_PREPARE_STOP) { finish(event.seconds); lanyard_app_ready(&app, 1, "page 12", 7,
 * ...); } lanyard_event_free(&event);
 *     }
 *
 * Functions give 0 (or what they say), or a negative number: -EPERM when the node refused (lanyard_app_refusal() says
 * why), -EINVAL or -ENAMETOOLONG for what cannot be said. Everything else (-EPIPE: the node has gone, -ETIMEDOUT,
 * -EPROTO, -ENOMEM, ...) has closed the connection, for nobody knows any more what answers what: connect again later;
 * whatever was said does not hold any more. */
#ifndef LANYARD_APP_H
#define LANYARD_APP_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#ifdef __cplusplus
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wold-style-cast"
extern "C" {
#endif

enum {
    LANYARD_MOST_TOKEN = 64 * 1024,
    LANYARD_MOST_FRAME = 128 * 1024,
    LANYARD_MOST_SOCKETS = 64,
    LANYARD_MOST_WAITING = 16, /* events that were not asked for yet */
    LANYARD_MOST_TEXT = 256,
    LANYARD_PATIENCE_MS = 30000 /* with a node that was stopped in the middle; one that works answers at once */
};

enum lanyard_event_kind {
    LANYARD_NOTHING = 0,
    LANYARD_PREPARE_STOP = 2, /* seconds, last_word, version: to which release */
    LANYARD_CALLED_OFF = 3,   /* there will be no stop */
    LANYARD_RESUME = 4        /* token, version: from which release; answer with lanyard_app_resumed() */
};

struct lanyard_event {
    enum lanyard_event_kind kind;
    uint32_t seconds;
    int last_word;
    char version[LANYARD_MOST_TEXT];
    uint32_t token_version;
    unsigned char *token; /* freed by lanyard_event_free() */
    size_t token_size;
    uint64_t number; /* of LANYARD_PREPARE_STOP */
};

struct lanyard_app {
    int fd;
    unsigned char *in; /* LANYARD_MOST_FRAME + 4 bytes */
    size_t in_size;
    struct lanyard_event waiting[LANYARD_MOST_WAITING];
    int waiting_count;
    char refusal[LANYARD_MOST_TEXT];
    uint64_t number; /* of the LANYARD_PREPARE_STOP that was given last: answers are for that one */
};

static inline void lanyard_event_free(struct lanyard_event *event) {
    free(event->token);
    memset(event, 0, sizeof *event);
}

/* Why the node refused the last thing that it refused. */
static inline char const *lanyard_app_refusal(const struct lanyard_app *app) { return app->refusal; }

static inline void lanyard_app_close(struct lanyard_app *app) {
    if (app->fd >= 0) close(app->fd);
    app->fd = -1;
    free(app->in);
    app->in = NULL;
    while (app->waiting_count > 0) lanyard_event_free(&app->waiting[--app->waiting_count]);
}

/* `directory`: the application's own, the one that holds `current`; NULL: what LANYARD_DIR in the environment names. */
static inline int lanyard_app_connect(struct lanyard_app *app, char const *directory) {
    const struct timeval patience = {LANYARD_PATIENCE_MS / 1000, 0};
    struct sockaddr_un place;
    int length, error;
    memset(app, 0, sizeof *app);
    app->fd = -1;
    if (!directory) directory = getenv("LANYARD_DIR");
    if (!directory) return -ENOENT;
    memset(&place, 0, sizeof place);
    place.sun_family = AF_UNIX;
    length = snprintf(place.sun_path, sizeof place.sun_path, "%s/app.sock", directory);
    if (length < 0 || (size_t)length >= sizeof place.sun_path) return -ENAMETOOLONG;
    app->in = (unsigned char *)malloc(LANYARD_MOST_FRAME + 4);
    if (!app->in) return -ENOMEM;
    app->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (app->fd < 0 || setsockopt(app->fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) != 0 ||
        connect(app->fd, (const struct sockaddr *)&place, sizeof place) != 0) {
        error = errno;
        lanyard_app_close(app);
        return -error;
    }
    return 0;
}

/* --- protobuf, as far as it is needed ------------------------------------------------------------------------------
 */

struct lanyard_out {
    unsigned char *bytes;
    size_t size;
    size_t room;
};

static inline void lanyard_put(struct lanyard_out *out, void const *bytes, size_t size) {
    if (size == 0) return;
    if (size <= out->room - out->size) memcpy(out->bytes + out->size, bytes, size);
    out->size = size <= out->room - out->size ? out->size + size : out->room;
}

static inline void lanyard_put_varint(struct lanyard_out *out, uint64_t value) {
    do {
        unsigned char byte = (unsigned char)(value & 0x7f);
        value >>= 7;
        if (value) byte |= 0x80;
        lanyard_put(out, &byte, 1);
    } while (value);
}

static inline void lanyard_put_number(struct lanyard_out *out, unsigned field, uint64_t value) {
    if (value == 0) return; /* proto3 leaves defaults out */
    lanyard_put_varint(out, (uint64_t)field << 3);
    lanyard_put_varint(out, value);
}

static inline void lanyard_put_bytes(struct lanyard_out *out, unsigned field, void const *bytes, size_t size) {
    lanyard_put_varint(out, (uint64_t)field << 3 | 2);
    lanyard_put_varint(out, size);
    lanyard_put(out, bytes, size);
}

static inline void lanyard_put_text(struct lanyard_out *out, unsigned field, char const *text) {
    if (text && *text) lanyard_put_bytes(out, field, text, strlen(text));
}

struct lanyard_in {
    unsigned char const *at;
    unsigned char const *end;
    int wrong;
    int wire; /* type of the field that it is: 0 a number, 2 bytes */
};

static inline uint64_t lanyard_get_varint(struct lanyard_in *in) {
    uint64_t value = 0;
    int shift;
    for (shift = 0; shift < 64 && in->at < in->end; shift += 7) {
        unsigned char const byte = *in->at++;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80)) return value;
    }
    in->wrong = 1;
    return 0;
}

/* The next field: its number (0: there is none), and its value or its bytes. */
static inline unsigned lanyard_get_field(struct lanyard_in *in, uint64_t *value, struct lanyard_in *bytes) {
    uint64_t tag, size;
    if (in->wrong || in->at >= in->end) return 0;
    tag = lanyard_get_varint(in);
    bytes->at = bytes->end = NULL;
    bytes->wrong = 0;
    bytes->wire = (int)(tag & 7);
    *value = 0;
    switch (tag & 7) {
        case 0:
            *value = lanyard_get_varint(in);
            break;
        case 1:
        case 5:
            size = (tag & 7) == 1 ? 8 : 4;
            if ((uint64_t)(in->end - in->at) < size)
                in->wrong = 1;
            else
                in->at += size;
            break;
        case 2:
            size = lanyard_get_varint(in);
            if ((uint64_t)(in->end - in->at) < size) {
                in->wrong = 1;
            } else {
                bytes->at = in->at;
                bytes->end = in->at + size;
                in->at += size;
            }
            break;
        default:
            in->wrong = 1;
    }
    return in->wrong || tag >> 3 > 0xffff ? 0 : (unsigned)(tag >> 3);
}

static inline void lanyard_get_text(const struct lanyard_in *bytes, char *text) {
    size_t size = (size_t)(bytes->end - bytes->at);
    if (!bytes->at) return;
    if (size >= LANYARD_MOST_TEXT) size = LANYARD_MOST_TEXT - 1;
    memcpy(text, bytes->at, size);
    text[size] = '\0';
}

static inline int lanyard_get_token(struct lanyard_in token, struct lanyard_event *event) {
    struct lanyard_in bytes;
    uint64_t value;
    unsigned field;
    while ((field = lanyard_get_field(&token, &value, &bytes)) != 0) {
        if (field == 1 && bytes.wire == 0) event->token_version = (uint32_t)value;
        if (field != 2 || !bytes.at || bytes.at == bytes.end) continue;
        free(event->token);
        event->token_size = (size_t)(bytes.end - bytes.at);
        event->token = (unsigned char *)malloc(event->token_size);
        if (!event->token) return -ENOMEM;
        memcpy(event->token, bytes.at, event->token_size);
    }
    return 0;
}

/* 1: `event` is filled, 2: it was an answer (then `refusal` is why, empty when it is fine), 0: nothing we know, or
 * -ENOMEM. */
static inline int lanyard_read_message(unsigned char const *message, size_t size, struct lanyard_event *event,
                                       char *refusal) {
    struct lanyard_in in, inner, bytes;
    uint64_t value;
    unsigned kind, field;
    int failed = 0;
    in.at = message;
    in.end = message + size;
    in.wrong = in.wire = 0;
    memset(event, 0, sizeof *event);
    kind = lanyard_get_field(&in, &value, &inner);
    if (kind == 0 || kind > 4 || !inner.at) return 0;
    if (kind == 1) refusal[0] = '\0';
    event->kind = (enum lanyard_event_kind)kind;
    while ((field = lanyard_get_field(&inner, &value, &bytes)) != 0) {
        if (kind == 1 && field == 1) lanyard_get_text(&bytes, refusal);
        if (kind == 2 && field == 1 && bytes.wire == 0) event->seconds = (uint32_t)value;
        if (kind == 2 && field == 2 && bytes.wire == 0) event->last_word = value != 0;
        if (kind == 2 && field == 3) lanyard_get_text(&bytes, event->version);
        if (kind == 2 && field == 4 && bytes.wire == 0) event->number = value;
        if (kind == 4 && field == 1 && bytes.at) failed = lanyard_get_token(bytes, event);
        if (kind == 4 && field == 2) lanyard_get_text(&bytes, event->version);
        if (failed) {
            lanyard_event_free(event);
            return failed;
        }
    }
    return kind == 1 ? 2 : 1;
}

/* --- frames --------------------------------------------------------------------------------------------------------
 */

static inline int64_t lanyard_now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Waits up to `timeout_ms` (negative: for ever) until a whole frame is in `in`. 1, 0: the time is over, or an error. */
static inline int lanyard_receive(struct lanyard_app *app, int timeout_ms) {
    const int64_t limit = lanyard_now_ms() + timeout_ms;
    if (app->fd < 0) return -EPIPE;
    for (;;) {
        struct pollfd waiting;
        ssize_t got;
        int64_t left = timeout_ms < 0 ? -1 : limit - lanyard_now_ms();
        if (app->in_size >= 4) {
            const size_t size =
                (size_t)app->in[0] << 24 | (size_t)app->in[1] << 16 | (size_t)app->in[2] << 8 | app->in[3];
            if (size > LANYARD_MOST_FRAME) return -EPROTO;
            if (app->in_size >= 4 + size) return 1;
        }
        if (timeout_ms >= 0 && left < 0) left = 0;
        waiting.fd = app->fd;
        waiting.events = POLLIN;
        waiting.revents = 0;
        got = poll(&waiting, 1, (int)left);
        if (got == 0) return 0;
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return -errno;
        got = recv(app->fd, app->in + app->in_size, LANYARD_MOST_FRAME + 4 - app->in_size, 0);
        if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
        if (got <= 0) return -EPIPE;
        app->in_size += (size_t)got;
    }
}

/* Takes the frame that lanyard_receive() has seen. As lanyard_read_message(). */
static inline int lanyard_take(struct lanyard_app *app, struct lanyard_event *event) {
    const size_t size = (size_t)app->in[0] << 24 | (size_t)app->in[1] << 16 | (size_t)app->in[2] << 8 | app->in[3];
    int const kind = lanyard_read_message(app->in + 4, size, event, app->refusal);
    app->in_size -= 4 + size;
    memmove(app->in, app->in + 4 + size, app->in_size);
    return kind;
}

static inline int lanyard_send_all(int fd, unsigned char const *bytes, size_t size, int const *sockets, int count) {
    union {
        struct cmsghdr align;
        unsigned char bytes[CMSG_SPACE(LANYARD_MOST_SOCKETS * sizeof(int))];
    } control;
    size_t done = 0;
    memset(&control, 0, sizeof control);
    while (done < size) {
        struct msghdr message;
        struct iovec part;
        ssize_t sent;
        memset(&message, 0, sizeof message);
        part.iov_base = (void *)(uintptr_t)(bytes + done);
        part.iov_len = size - done;
        message.msg_iov = &part;
        message.msg_iovlen = 1;
        if (done == 0 && count > 0) {
            struct cmsghdr *header;
            message.msg_control = control.bytes;
            message.msg_controllen = CMSG_SPACE((size_t)count * sizeof(int));
            header = CMSG_FIRSTHDR(&message);
            header->cmsg_level = SOL_SOCKET;
            header->cmsg_type = SCM_RIGHTS;
            header->cmsg_len = CMSG_LEN((size_t)count * sizeof(int));
            memcpy(CMSG_DATA(header), sockets, (size_t)count * sizeof(int));
        }
        sent = sendmsg(fd, &message, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent < 0 && errno == EAGAIN) return -ETIMEDOUT;
        if (sent < 0) return errno == EPIPE || errno == ECONNRESET ? -EPIPE : -errno;
        done += (size_t)sent;
    }
    return 0;
}

/* Sends AppMessage{field: inner} and waits for its answer; what comes in between waits for lanyard_app_next(). */
static inline int lanyard_call(struct lanyard_app *app, unsigned field, const struct lanyard_out *inner,
                               int const *sockets, int count) {
    struct lanyard_out out;
    struct lanyard_event event;
    unsigned char head[16];
    int result, closed;
    if (app->fd < 0) return -EPIPE;
    out.room = inner->size + sizeof head;
    out.bytes = (unsigned char *)malloc(out.room);
    if (!out.bytes) return -ENOMEM;
    out.size = 4;
    lanyard_put_bytes(&out, field, inner->bytes, inner->size);
    out.bytes[0] = (unsigned char)((out.size - 4) >> 24);
    out.bytes[1] = (unsigned char)((out.size - 4) >> 16 & 0xff);
    out.bytes[2] = (unsigned char)((out.size - 4) >> 8 & 0xff);
    out.bytes[3] = (unsigned char)((out.size - 4) & 0xff);
    result = lanyard_send_all(app->fd, out.bytes, out.size, sockets, count);
    free(out.bytes);
    /* Who may not speak at all is told so, and the connection closed, before it has said anything. */
    closed = result == -EPIPE;
    while (result == 0 || closed) {
        int kind = lanyard_receive(app, closed ? 0 : LANYARD_PATIENCE_MS);
        if (kind == 1) {
            kind = lanyard_take(app, &event);
            if (kind == 2 && !closed) return app->refusal[0] ? -EPERM : 0;
            if (kind == 2 && app->refusal[0]) kind = -EPERM;
        } else if (kind == 0) {
            kind = closed ? -EPIPE : -ETIMEDOUT;
        }
        if (kind == 1 && app->waiting_count < LANYARD_MOST_WAITING) {
            app->waiting[app->waiting_count++] = event;
        } else if (kind == 1) {
            lanyard_event_free(&event);
            kind = -EPROTO;
        }
        if (kind < 0 || kind == 2) {
            result = kind < 0 ? kind : -EPIPE;
            break;
        }
    }
    /* Its answer may still come, and would be taken for that of the next call. */
    lanyard_app_close(app);
    return result;
}

/* --- what an application says --------------------------------------------------------------------------------------
 */

/* First. `version` of the release that speaks; NULL: what LANYARD_VERSION in the environment says. `pid`: speaks for
 * that process (0: for itself): then what it says holds until that process ends, not until lanyard_app_close().
 * `attends`: it calls lanyard_app_next(), and answers. */
static inline int lanyard_app_register(struct lanyard_app *app, char const *version, uint64_t pid, int attends) {
    unsigned char bytes[LANYARD_MOST_TEXT + 32];
    struct lanyard_out out = {bytes, 0, sizeof bytes};
    if (!version) version = getenv("LANYARD_VERSION");
    if (version && strlen(version) >= LANYARD_MOST_TEXT) return -EINVAL;
    lanyard_put_text(&out, 1, version);
    lanyard_put_number(&out, 2, pid);
    lanyard_put_number(&out, 3, attends ? 1 : 0);
    return lanyard_call(app, 1, &out, NULL, 0);
}

static inline int lanyard_say_why(struct lanyard_app *app, unsigned message, char const *reason, unsigned reason_field,
                                  uint64_t value, unsigned value_field) {
    unsigned char bytes[LANYARD_MOST_TEXT + 32];
    struct lanyard_out out = {bytes, 0, sizeof bytes};
    if (reason && strlen(reason) >= LANYARD_MOST_TEXT) return -EINVAL;
    lanyard_put_text(&out, reason_field, reason);
    lanyard_put_number(&out, value_field, value);
    if (message == 5 || message == 6) lanyard_put_number(&out, 3, app->number);
    return lanyard_call(app, message, &out, NULL, 0);
}

/* Must not be interrupted until lanyard_app_idle(), or for so many seconds (0: without a limit). */
static inline int lanyard_app_busy(struct lanyard_app *app, char const *reason, uint32_t seconds) {
    return lanyard_say_why(app, 2, reason, 1, seconds, 2);
}

static inline int lanyard_app_idle(struct lanyard_app *app) { return lanyard_say_why(app, 3, NULL, 1, 0, 2); }

/* May be stopped now. The token (64 KiB at most; size 0 and version 0: none) is handed to the next release; the
 * listening sockets are held open by the node and come back by LISTEN_FDS, each by its name (no colons). */
static inline int lanyard_app_ready(struct lanyard_app *app, uint32_t token_version, void const *token,
                                    size_t token_size, int const *sockets, char const *const *names, int count) {
    struct lanyard_out out, inner;
    size_t room = token_size + 64;
    int i, result;
    if (token_size > LANYARD_MOST_TOKEN || count < 0 || count > LANYARD_MOST_SOCKETS) return -EINVAL;
    for (i = 0; i < count; ++i) room += strlen(names[i]) + 16;
    out.bytes = (unsigned char *)malloc(2 * room);
    if (!out.bytes) return -ENOMEM;
    out.size = 0;
    out.room = room;
    inner.bytes = out.bytes + room;
    inner.size = 0;
    inner.room = room;
    lanyard_put_number(&inner, 1, token_version);
    if (token_size > 0) lanyard_put_bytes(&inner, 2, token, token_size);
    if (inner.size > 0) lanyard_put_bytes(&out, 1, inner.bytes, inner.size);
    for (i = 0; i < count; ++i) lanyard_put_bytes(&out, 2, names[i], strlen(names[i]));
    lanyard_put_number(&out, 3, app->number);
    result = lanyard_call(app, 4, &out, sockets, count);
    free(out.bytes);
    return result;
}

/* Works on it, and will be ready in about so many seconds. */
static inline int lanyard_app_not_yet(struct lanyard_app *app, uint32_t seconds, char const *reason) {
    return lanyard_say_why(app, 5, reason, 2, seconds, 1);
}

/* Must not be stopped, for so many seconds (0: 15 minutes). */
static inline int lanyard_app_veto(struct lanyard_app *app, char const *reason, uint32_t seconds) {
    return lanyard_say_why(app, 6, reason, 1, seconds, 2);
}

/* Answers LANYARD_RESUME. Not accepted: the node goes back to the release before. */
static inline int lanyard_app_resumed(struct lanyard_app *app, int accepted, char const *reason) {
    return lanyard_say_why(app, 7, reason, 2, accepted ? 1 : 0, 1);
}

/* Waits up to `timeout_ms` (negative: for ever) for something that the node wants. 1: `event` is filled, and to be
 * given to lanyard_event_free(); 0: the time is over. `fd` can be polled as well, when this has given 0. */
static inline int lanyard_app_next(struct lanyard_app *app, int timeout_ms, struct lanyard_event *event) {
    int kind = 0;
    if (app->waiting_count > 0) {
        *event = app->waiting[0];
        memmove(app->waiting, app->waiting + 1, (size_t)--app->waiting_count * sizeof *event);
        kind = 1;
    }
    while (kind == 0) {
        kind = lanyard_receive(app, timeout_ms);
        if (kind == 0) return 0;
        if (kind == 1) kind = lanyard_take(app, event);
        /* An answer that nobody waits for. */
        if (kind == 2) kind = -EPROTO;
    }
    if (kind < 0)
        lanyard_app_close(app);
    else if (event->kind == LANYARD_PREPARE_STOP)
        app->number = event->number;
    return kind;
}

/* How many listening sockets were handed to this process, from descriptor 3 on (sd_listen_fds(3)); `names`, when not
 * NULL, becomes LISTEN_FDNAMES: names with colons between them. */
static inline int lanyard_listen_fds(char const **names) {
    char const *pid = getenv("LISTEN_PID");
    char const *count = getenv("LISTEN_FDS");
    long number;
    if (names) *names = getenv("LISTEN_FDNAMES");
    if (!pid || !count || strtol(pid, NULL, 10) != (long)getpid()) return 0;
    number = strtol(count, NULL, 10);
    return number > 0 && number <= LANYARD_MOST_SOCKETS ? (int)number : 0;
}

#ifdef __cplusplus
}
#pragma GCC diagnostic pop
#endif

#endif /* LANYARD_APP_H */
