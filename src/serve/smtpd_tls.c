/* SPDX-License-Identifier: Apache-2.0 */
/*
 * STARTTLS by OpenSSL.  Runs in smtpd; the peer's octets are hostile and OpenSSL's to judge.  The
 * certificate and key come from the supervisor in memory: smtpd opens no files.
 */
#include "serve/smtpd_tls.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdlib.h>

struct smtpd_tls {
    SSL_CTX *ctx;
};

struct smtpd_tls_conn {
    SSL *ssl;
    short events;
    bool broken;
};

static void bio_auto(BIO **b)
{
    BIO_free(*b);
}

static void x509_auto(X509 **x)
{
    X509_free(*x);
}

static void pkey_auto(EVP_PKEY **k)
{
    EVP_PKEY_free(*k);
}

/* Never asks on a terminal: a key with a passphrase is refused. */
static int no_passphrase(char *buf, int size, int rwflag, void *arg)
{
    return -1;
}

static enum rc load_cert(SSL_CTX *ctx, struct str pem, struct err *e)
{
    AUTO(bio) BIO *bio = BIO_new_mem_buf(pem.p, (int)pem.n);
    AUTO(x509) X509 *leaf = bio ? PEM_read_bio_X509(bio, NULL, no_passphrase, NULL) : NULL;
    if (leaf == NULL || SSL_CTX_use_certificate(ctx, leaf) != 1)
        return err_set(e, RC_INVALID, "the TLS certificate of smtpd is not valid PEM");
    for (;;) {
        AUTO(x509) X509 *next = PEM_read_bio_X509(bio, NULL, no_passphrase, NULL);
        if (next == NULL)
            break;
        if (SSL_CTX_add1_chain_cert(ctx, next) != 1)
            return err_set(e, RC_INVALID, "the TLS certificate chain of smtpd is not valid");
    }
    ERR_clear_error();
    return RC_OK;
}

static enum rc load_key(SSL_CTX *ctx, struct str pem, struct err *e)
{
    AUTO(bio) BIO *bio = BIO_new_mem_buf(pem.p, (int)pem.n);
    AUTO(pkey) EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL) : NULL;
    if (key == NULL)
        return err_set(e, RC_INVALID, "the TLS key of smtpd is not valid PEM, or has a passphrase");
    if (SSL_CTX_use_PrivateKey(ctx, key) != 1 || SSL_CTX_check_private_key(ctx) != 1)
        return err_set(e, RC_INVALID, "the TLS key of smtpd does not belong to its certificate");
    return RC_OK;
}

enum rc smtpd_tls_new(struct str cert_pem, struct str key_pem, struct smtpd_tls **ret_tls,
                      struct err *e)
{
    if (cert_pem.n > SMTPD_PEM_MAX || key_pem.n > SMTPD_PEM_MAX)
        return err_set(e, RC_LIMIT, "the TLS files of smtpd are larger than %d bytes",
                       SMTPD_PEM_MAX);
    AUTO(smtpd_tls) struct smtpd_tls *tls = mem_zalloc(sizeof *tls);
    tls->ctx = SSL_CTX_new(TLS_server_method());
    if (tls->ctx == NULL)
        return err_set(e, RC_INTERNAL, "OpenSSL gives no TLS context");
    SSL_CTX_set_min_proto_version(tls->ctx, TLS1_2_VERSION);
    SSL_CTX_set_options(tls->ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                      SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_NO_TICKET);
    SSL_CTX_set_session_cache_mode(tls->ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_mode(tls->ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_RELEASE_BUFFERS |
                                   SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    enum rc rc = load_cert(tls->ctx, cert_pem, e);
    if (rc == RC_OK)
        rc = load_key(tls->ctx, key_pem, e);
    ERR_clear_error();
    if (rc == RC_OK)
        *ret_tls = TAKE(tls);
    return rc;
}

void smtpd_tls_free(struct smtpd_tls *tls)
{
    if (tls == NULL)
        return;
    SSL_CTX_free(tls->ctx);
    free(tls);
}

void smtpd_tls_auto(struct smtpd_tls **tls)
{
    smtpd_tls_free(*tls);
}

enum rc smtpd_tls_accept(struct smtpd_tls *tls, int fd, struct smtpd_tls_conn **ret_c,
                         struct err *e)
{
    SSL *ssl = SSL_new(tls->ctx);
    if (ssl == NULL || SSL_set_fd(ssl, fd) != 1) {
        SSL_free(ssl);
        ERR_clear_error();
        return err_set(e, RC_INTERNAL, "OpenSSL gives no TLS connection");
    }
    SSL_set_accept_state(ssl);
    struct smtpd_tls_conn *c = mem_zalloc(sizeof *c);
    c->ssl = ssl;
    c->events = POLLIN;
    *ret_c = c;
    return RC_OK;
}

void smtpd_tls_conn_free(struct smtpd_tls_conn *c)
{
    if (c == NULL)
        return;
    if (!c->broken && SSL_is_init_finished(c->ssl))
        (void)SSL_shutdown(c->ssl);
    ERR_clear_error();
    SSL_free(c->ssl);
    free(c);
}

/* What an SSL_ call that returned `got` means. */
static enum rc judge(struct smtpd_tls_conn *c, int got)
{
    int why = got > 0 ? SSL_ERROR_NONE : SSL_get_error(c->ssl, got);
    ERR_clear_error();
    switch (why) {
    case SSL_ERROR_NONE:
        return RC_OK;
    case SSL_ERROR_WANT_READ:
        c->events = POLLIN;
        return RC_BUSY;
    case SSL_ERROR_WANT_WRITE:
        c->events = POLLOUT;
        return RC_BUSY;
    case SSL_ERROR_ZERO_RETURN:
        return RC_CLOSED;
    default:
        c->broken = true;
        return RC_IO;
    }
}

enum rc smtpd_tls_handshake(struct smtpd_tls_conn *c)
{
    return judge(c, SSL_do_handshake(c->ssl));
}

enum rc smtpd_tls_read(struct smtpd_tls_conn *c, char *p, size_t max, size_t *ret_n)
{
    int got = SSL_read_ex(c->ssl, p, max, ret_n);
    return judge(c, got);
}

enum rc smtpd_tls_write(struct smtpd_tls_conn *c, struct str s, size_t *ret_n)
{
    return judge(c, SSL_write_ex(c->ssl, s.p, s.n, ret_n));
}

short smtpd_tls_events(const struct smtpd_tls_conn *c)
{
    return c->events;
}

bool smtpd_tls_pending(const struct smtpd_tls_conn *c)
{
    return SSL_has_pending(c->ssl) == 1;
}
