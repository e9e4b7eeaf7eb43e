/**
 * @file blast.h  The load generator: what is asked of it, and the state of one run
 */
#pragma once

#include "redirector/base/addr.h"
#include "shaken/shaken.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	MESSAGE_SIZE = 4096, /**< longest message that is sent or taken       */
	BATCH = 64,          /**< datagrams of one system call                */
	INDEX_DIGITS = 8,    /**< a call's number in its own texts, hex       */
	MARKS_MAX = 12,      /**< places of one message that carry the number */
	RUN_SIZE = 16,
	NUMBER_SIZE = 32, /**< a telephone number                          */
	LANES_MAX = 256,
	PHASES_MAX = 8,
};

enum kind {
	KIND_SIGN,
	KIND_VERIFY,
	KIND_PLAIN, /**< an INVITE that goes on as it is */
	KIND_OPTIONS
};

enum transport {
	OVER_UDP,
	OVER_TCP,
	OVER_TLS
};

/** So many calls a second for so long. */
struct phase {
	double rate, seconds;
};

/** The command line. */
struct wish {
	struct addr to, from;
	enum transport transport;
	size_t lanes; /**< sockets or connections; call n goes by lane n % lanes       */
	size_t calls;
	size_t window; /**< calls without an answer at once; 0: as many as the rate makes */
	struct phase phases[PHASES_MAX]; /**< one after the other                         */
	size_t phase_count;              /**< 0: as fast as the window allows             */
	enum kind kind;
	const char *identity;    /**< file, one Identity value per line                   */
	const char *certificate; /**< file, the chain that signed answers verify with     */
	const char *ca;          /**< file, who has signed the certificate of a TLS server */
	const char *series;      /**< file that gets a line for each tenth of a second    */
	size_t check;            /**< verify every so many signatures; 0: none            */
	size_t hosts;            /**< of request-URIs, t0.example and on; 0: proxy.example */
	size_t numbers;          /**< callers                                             */
	bool ack;
	bool shed;          /**< 503, and 302 without what was asked, are counted, not wrong */
	double patience;    /**< seconds after which a call counts as lost                   */
	struct addr others; /**< where calls beside the measured ones come from           */
	double others_rate; /**< of them a second; 0: none                                */
};

/** A message with holes for the number of the call. */
struct message {
	char *text; /**< owned */
	size_t len;
	uint16_t marks[MARKS_MAX]; /**< where the number's INDEX_DIGITS stand */
	size_t mark_count;
};

/** What one call is made of. */
struct script {
	struct message request;
	struct message ack; /**< up to the To tag: the rest depends on the answer */
	char orig[NUMBER_SIZE], dest[NUMBER_SIZE]; /**< whose call it is, without "+" */
};

struct scripts {
	struct script *items; /**< owned; call n uses item n % count */
	size_t count;
	char run[RUN_SIZE]; /**< part of each Call-ID: two runs never share one */
};

/* messages: blast_message.c */

/** Build the messages of a run.  @return false: the reason went to stderr */
SK_MUSTCHECK
bool scripts_init(struct scripts *scripts, const struct wish *wish);
void scripts_deinit(struct scripts *scripts);

/** Copy a message and write the call's number into it.  @return The length */
size_t message_fill(const struct message *message, size_t number, char out[MESSAGE_SIZE]);

/** The ACK of a call.  @return The length; 0 when the tag does not fit */
size_t ack_fill(const struct script *script, size_t number, struct sk_span to_tag,
		char out[MESSAGE_SIZE]);

/* answers: blast_answer.c */

/** What an answer says. */
struct answer_view {
	size_t number; /**< of the call, from the Call-ID */
	int status;
	struct sk_span to_tag, cseq, branch, identity, contact;
	unsigned identities; /**< how many Identity lines there are */
};

struct checker;

/** @return false for what is no answer to a call of this run */
SK_MUSTCHECK
bool answer_read(struct sk_span bytes, const char *run, struct answer_view *out);

/** @return NULL or what is wrong with the answer: a text that lives for ever */
SK_MUSTCHECK
const char *answer_judge(const struct answer_view *answer, enum kind kind);

/** Is it one of the answers that a server gives when there are too many calls? */
SK_MUSTCHECK
bool answer_sheds(const struct answer_view *answer, enum kind kind);

/** Verifies signatures of answers.  @return false: the reason went to stderr */
SK_MUSTCHECK
bool checker_new(const char *certificate, struct checker **out);
void checker_free(struct checker *checker);
SK_DEFINE_CLEANUP(struct checker, checker_free)

/** @return NULL or what is wrong with the Identity value of that call, by libshaken's words */
SK_MUSTCHECK
const char *checker_verify(const struct checker *checker, struct sk_span identity,
			   const struct script *script);

/* the ways to the server: blast_lanes.c (UDP), blast_stream.c (TCP, TLS) */

typedef void take_fn(void *arg, size_t lane, struct sk_span message, uint64_t now);

/** Sockets or connections; each kind begins with this. */
struct lanes {
	const struct lanes_class *class;
	size_t count;
	struct addr local; /**< of the first one */
};

struct lanes_class {
	/** Where the next message goes, MESSAGE_SIZE bytes.  NULL: there is too much unsent; an
	 * urgent one may have the last of the room. */
	char *(*room)(struct lanes *lanes, size_t lane, bool urgent);
	/** The message that now stands in the room. */
	void (*put)(struct lanes *lanes, size_t lane, size_t len);
	/** Sends what was put, takes what has come.  @return false: errno says why */
	bool (*work)(struct lanes *lanes, take_fn *take, void *arg);
	void (*free)(struct lanes *lanes);
};

/** @return false: the reason went to stderr */
SK_MUSTCHECK
bool lanes_open(const struct wish *wish, struct lanes **out);
void lanes_free(struct lanes *lanes);

/** @return false: the reason went to stderr */
SK_MUSTCHECK
bool streams_open(const struct wish *wish, struct lanes **out);

/** A socket of wish->from to wish->to.  @return -1: errno says why */
int blast_socket(const struct wish *wish, int type);

uint64_t now_ns(void);

/* somebody else's calls: blast_others.c */

struct others_tally {
	size_t sent, answered;
	size_t signed_ones, plain, refused; /**< 302 with Identity, 302 without, 503 */
};

struct others;

/** @return false: a socket failed, errno says why */
SK_MUSTCHECK
bool others_new(const struct wish *wish, struct others **out);
void others_free(struct others *others);
SK_DEFINE_CLEANUP(struct others, others_free)

/** Sends what is due and takes what has come.  @param now  0: sends nothing any more */
SK_MUSTCHECK
bool others_step(struct others *others, uint64_t now);
const struct others_tally *others_tally(const struct others *others);

/* the run: blast_run.c; its figures: blast_figures.c */

enum call_state {
	CALL_NEW,
	CALL_SENT,
	CALL_ANSWERED,
	CALL_SHED,
	CALL_LOST
};

struct flight {
	uint64_t due;      /**< ns: sent, or to be sent   */
	uint32_t response; /**< ns / 16, once answered    */
	uint8_t state;     /**< enum call_state           */
};

struct tally {
	size_t sent, answered, lost, wrong, stray, verified;
	size_t shed;     /**< answered that there are too many; not among `answered` */
	size_t unsaid;   /**< ACK for which a connection had no room                 */
	uint64_t behind; /**< ns: how late we were with a call that was due, at worst */
	uint64_t idle;   /**< ns in which there was nothing to send and nothing came       */
	double seconds;
};

struct run;

SK_MUSTCHECK
bool run_new(const struct wish *wish, struct run **out);
void run_free(struct run *run);
SK_DEFINE_CLEANUP(struct run, run_free)

/** Send all calls and wait for their answers.  @return false: a socket failed, errno says why */
SK_MUSTCHECK
bool run_all(struct run *run);

const struct tally *run_tally(const struct run *run);

/** All calls, in the order of sending. */
const struct flight *run_flights(const struct run *run, size_t *count);

/** NULL: there are no others. */
const struct others_tally *run_others(const struct run *run);

/** Response times in order. */
struct times {
	uint32_t *sorted; /**< owned, ns / 16 */
	size_t count;
};

/** Of the answered ones among these.  @return false: out of memory */
SK_MUSTCHECK
bool times_init(struct times *times, const struct flight *flights, size_t count);
void times_deinit(struct times *times);

/** The response time that `share` of them kept, microseconds. */
double times_percentile(const struct times *times, double share);

/** How many of them took longer. */
size_t times_over(const struct times *times, double seconds);

/** A line for each tenth of a second in which calls were due: when, how many of them were
 * sent, answered, shed and lost, and their p50 and p99 in us.  @return false: errno says why */
SK_MUSTCHECK
bool series_write(const struct run *run, const char *path);
