/**
 * @file conf.h  The configuration: typed, complete, constant
 *
 * Built once by the loader (load.h) from the rows of schema.c, then only read.
 * Counted: whoever keeps one across a wait takes a reference.  Texts and lists
 * are owned by the struct; a text that was not set is "" (never NULL), a list
 * that was not set has count 0.  Files are absolute or relative to the working
 * directory: the loader has resolved them against the configuration file's folder.
 */
#pragma once

#include "config/tenant_conf.h"
#include "config/words.h"
#include "redirector/base/addr.h"
#include "shaken/shaken.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Processes. */
struct service_conf {
	int64_t workers;  /**< processes that serve; 0: one for each core                     */
	char *user;       /**< who they run as when started by root; "": as who started them  */
	int64_t watchdog; /**< milliseconds without a sign of life after which one is killed  */
};

struct sip_conf {
	struct text_list listen;       /**< "udp:192.0.2.1:5060", "tcp:...", "tls:..."         */
	struct net_list sources;       /**< who may send to us                                 */
	enum conf_strangers strangers; /**< what all others get                                */
	int64_t datagram_max;          /**< bytes                                              */
	int64_t headers_max;           /**< header lines                                       */
	int64_t receive_buffer;        /**< SO_RCVBUF, bytes                                   */
	int64_t deadline;              /**< milliseconds until a call must be answered         */
	int64_t drain;                 /**< milliseconds for calls in hand after SIGTERM       */
	int64_t waiting_max;           /**< calls that may wait for a certificate at once      */
	char *tag_key; /**< 32 hex digits shared by all instances; "": made at start */
	enum conf_in_dialog in_dialog; /**< INVITE with a To tag                               */
	int64_t source_rate;           /**< requests a second from one address; 0: no limit       */
	int64_t source_burst; /**< how many of them at once                               */
	enum conf_over_limit source_over; /**< what the rest gets                         */
	bool ack_filter;   /**< the kernel drops ACK before we see it                  */
	int64_t queue_age; /**< milliseconds in the kernel after which a datagram is dropped */
	enum conf_over_limit overload; /**< what calls get while there are too many     */
	int64_t overload_age; /**< milliseconds in the kernel from which on there are too many */
};

/** TCP and TLS. */
struct streams_conf {
	int64_t connections;  /**< at once, of all workers                            */
	int64_t per_source;   /**< of one address, in one worker                      */
	int64_t message_time; /**< milliseconds for a whole message                  */
	int64_t idle;         /**< milliseconds without one                           */
	int64_t send_time;    /**< milliseconds for an answer to be taken             */
	int64_t backlog;      /**< connections that wait to be accepted               */
};

/** TLS of the SIP side. */
struct tls_conf {
	char *certificate; /**< PEM file: our chain; "": no TLS listener may be there */
	char *key;         /**< PEM file: its key                                   */
	char *client_ca;   /**< PEM file: who signs the clients' certificates; "": none */
	enum conf_tls_clients clients; /**< whether they must have one                  */
	enum conf_tls_version version; /**< the oldest that is spoken                   */
	int64_t handshake;             /**< milliseconds it may take                            */
};

/** The tenants of one service. */
struct tenants_conf {
	char *folder;  /**< one YAML file each; "": only the tenant of this file  */
	bool fallback; /**< what no tenant matches is the tenant of this file's   */
	char *header;  /**< request header that names a tenant; "": none          */
	struct net_list header_sources; /**< whose header counts                          */
	int64_t max;                    /**< most tenants; memory for their counters              */
	char *running; /**< file that tells what runs, for --check; "": none      */
};

struct trust_conf {
	struct text_list anchors; /**< PEM files                                          */
	struct text_list crls;    /**< PEM or DER files                                   */
	enum sk_profile_mode profile;
	struct text_list policies; /**< OIDs                                               */
	bool p384_issuers;
	bool delegates;
	bool crl_required;
	int64_t crl_grace;         /**< seconds a list counts after its end, or may miss at start */
	struct text_list crl_urls; /**< lists to fetch                                       */
	struct text_list crl_signers; /**< PEM files: who else signs those, such as intermediates */
	struct text_list administrator; /**< PEM files: the STI-PA's roots and list signers  */
	char *ca_list;                  /**< file: the STI-PA's list of authorities, a JWS        */
	char *ca_list_url;              /**< where it is fetched; "": not                         */
	char *ca_list_certificate;      /**< PEM file: its signer's chain; "": by the list's x5u  */
	char *ca_list_login;            /**< file, owner only: user id and password, a line each  */
	char *ca_list_login_url;        /**< where they are exchanged for a token                 */
	int64_t refresh;                /**< seconds between two looks at the lists, at most      */
};

struct certs_conf {
	char *tls_ca;             /**< PEM bundle for the hosts of x5u; "": the system's  */
	int64_t wait;             /**< milliseconds a call waits for a certificate        */
	int64_t timeout;          /**< milliseconds one fetch may take                    */
	int64_t entries;          /**< certificates kept in memory                        */
	int64_t parallel;         /**< fetches under way at once                          */
	int64_t per_host;         /**< fetches under way at once to one host              */
	int64_t queue;            /**< fetches waiting for their turn                     */
	int64_t lifetime;         /**< seconds a certificate is kept at least             */
	int64_t failure_lifetime; /**< seconds a failure is kept                          */
	bool lab;                 /**< any port and any address may be asked: laboratory only */
	struct text_list hosts;   /**< hosts that may be asked, "*.a.example"; empty: all */
	int64_t tables;           /**< keys that are verified by tables; 0: none          */
	int64_t breaker;          /**< failures in a row that close a host; 0: never      */
	char *store;              /**< folder that workers share; "": none                */
	int64_t store_size;       /**< bytes the store may grow to                        */
	struct text_map resolve;  /**< "host:port" -> address, for a laboratory           */
};

struct log_conf {
	enum conf_log_level level;
	enum conf_log_format format;
	char *target;  /**< "stderr", "stdout", "syslog", "journal", or a file */
	char *records; /**< where records go: "log", "stdout", "syslog", "journal", or a file */
};

/** Keys in a token. */
struct hsm_conf {
	char *module;    /**< the token's PKCS#11 library; "": none            */
	char *pin_file;  /**< file with the PIN, owner only                    */
	int64_t threads; /**< signatures under way at once                     */
	int64_t queue;   /**< calls that may wait for one                      */
	int64_t retry;   /**< milliseconds until a token that failed is asked again */
};

/** The HTTP side. */
struct http_conf {
	struct text_list listen; /**< "http:192.0.2.1:8080", "https:[::1]:8443"; empty: none  */
	char *health;      /**< "127.0.0.1:8060", health alone; "": none                        */
	char *certificate; /**< PEM file: our chain; "": no https listener    */
	char *key;         /**< PEM file: its key                             */
	char *client_ca;   /**< PEM file: who signs the clients' certificates */
	enum conf_tls_clients clients;  /**< whether they must have one                    */
	enum conf_tls_version version;  /**< the oldest that is spoken                     */
	struct net_list sources;        /**< who may connect to http.listen                */
	struct text_list viewer_keys;   /**< hashes of keys that may read page and metrics */
	struct text_list viewer_names;  /**< of client certificates that may, too          */
	struct net_list viewer_sources; /**< ... and who may without either                */
	unsigned apis;                  /**< API_...                                       */
	char *ms_root;                  /**< path before /signing and /verification of Ms  */
	bool metrics;                   /**< serve /metrics                                */
	bool page;                      /**< serve the live page                           */
	int64_t deadline;     /**< milliseconds until a question must be answered          */
	int64_t body_max;     /**< bytes                                                   */
	int64_t header_max;   /**< bytes of a request's head                               */
	int64_t request_time; /**< milliseconds for a whole request, the handshake too     */
	int64_t idle;         /**< milliseconds between two requests of a connection       */
	int64_t send_time;    /**< milliseconds for an answer to be taken                  */
	int64_t connections;  /**< at once                                                 */
	int64_t per_source;   /**< of one address                                          */
	int64_t rate, burst;  /**< requests a second of one address; 0: no limit           */
	int64_t backlog;      /**< connections that wait to be accepted                    */
};

/** The tenants' certificates at their x5u paths. */
struct hosting_conf {
	bool serve;
	int64_t max_age; /**< seconds that others may keep one, at most */
};

/** What a collector gets (HEP3, Homer). */
struct hep_conf {
	char *collector; /**< "udp:192.0.2.9:9060"; "": none                              */
	int64_t id;      /**< capture agent, chunk 0x000c                                 */
	char *password;  /**< file, owner only: chunk 0x000e; "": none                    */
	char *node;      /**< node name, chunk 0x0013; "": none                           */
	bool requests;   /**< the dips: request and answer                                */
	bool records;    /**< the record, as type 100                                     */
	int64_t rate;    /**< packets a second at most, of one worker                     */
};

/** The store of numbers and lists. */
struct authority_conf {
	char *store;   /**< folder made by `shaken-redirector numbers import`; "": none */
	int64_t watch; /**< seconds between two looks for a newer one        */
	bool warm;     /**< read it whole at start                           */
};

struct conf {
	_Atomic unsigned refs; /**< a reload makes and drops one in a thread   */
	char *path;            /**< the file it came from                              */
	struct service_conf service;
	struct sip_conf sip;
	struct streams_conf streams;
	struct tls_conf tls;
	struct tenants_conf tenants;
	struct tenant_conf tenant; /**< also what the tenants' files leave out             */
	struct trust_conf trust;
	struct certs_conf certs;
	struct authority_conf authority;
	struct hsm_conf hsm;
	struct http_conf http;
	struct hosting_conf hosting;
	struct hep_conf hep;
	struct log_conf log;
};

struct conf *conf_ref(struct conf *conf);

/** Drops a reference; the last one frees.  NULL is allowed. */
void conf_unref(struct conf *conf);
SK_DEFINE_CLEANUP(struct conf, conf_unref)
