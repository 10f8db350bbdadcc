/* counters: see counters.h.
 *
 * One list makes the table and the words: what net/ipv4/proc.c of Linux 6.1, 6.12 and 6.18
 * names, in its order. No name has gone between them.
 */
#include "plan/counters.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* C: a counter   S: of kernels since that version   A: another group has one of that name */
#define COUNTERS(C, S, A) \
	C(Ip, InReceives) C(Ip, InHdrErrors) C(Ip, InAddrErrors) C(Ip, ForwDatagrams) \
	C(Ip, InUnknownProtos) C(Ip, InDiscards) C(Ip, InDelivers) C(Ip, OutRequests) \
	C(Ip, OutDiscards) C(Ip, OutNoRoutes) C(Ip, ReasmTimeout) C(Ip, ReasmReqds) \
	C(Ip, ReasmOKs) C(Ip, ReasmFails) C(Ip, FragOKs) C(Ip, FragFails) C(Ip, FragCreates) \
	S(Ip, OutTransmits, "6.7") \
	C(Icmp, InMsgs) C(Icmp, InErrors) A(Icmp, InCsumErrors) C(Icmp, InDestUnreachs) \
	C(Icmp, InTimeExcds) C(Icmp, InParmProbs) C(Icmp, InSrcQuenchs) C(Icmp, InRedirects) \
	C(Icmp, InEchos) C(Icmp, InEchoReps) C(Icmp, InTimestamps) C(Icmp, InTimestampReps) \
	C(Icmp, InAddrMasks) C(Icmp, InAddrMaskReps) C(Icmp, OutMsgs) C(Icmp, OutErrors) \
	C(Icmp, OutRateLimitGlobal) C(Icmp, OutRateLimitHost) C(Icmp, OutDestUnreachs) \
	C(Icmp, OutTimeExcds) C(Icmp, OutParmProbs) C(Icmp, OutSrcQuenchs) \
	C(Icmp, OutRedirects) C(Icmp, OutEchos) C(Icmp, OutEchoReps) C(Icmp, OutTimestamps) \
	C(Icmp, OutTimestampReps) C(Icmp, OutAddrMasks) C(Icmp, OutAddrMaskReps) \
	C(Tcp, ActiveOpens) C(Tcp, PassiveOpens) C(Tcp, AttemptFails) C(Tcp, EstabResets) \
	C(Tcp, InSegs) C(Tcp, OutSegs) C(Tcp, RetransSegs) C(Tcp, InErrs) C(Tcp, OutRsts) \
	A(Tcp, InCsumErrors) \
	C(TcpExt, SyncookiesSent) C(TcpExt, SyncookiesRecv) C(TcpExt, SyncookiesFailed) \
	C(TcpExt, EmbryonicRsts) C(TcpExt, PruneCalled) C(TcpExt, RcvPruned) \
	C(TcpExt, OfoPruned) C(TcpExt, OutOfWindowIcmps) C(TcpExt, LockDroppedIcmps) \
	C(TcpExt, ArpFilter) C(TcpExt, TW) C(TcpExt, TWRecycled) C(TcpExt, TWKilled) \
	C(TcpExt, PAWSActive) C(TcpExt, PAWSEstab) S(TcpExt, BeyondWindow, "6.17") \
	S(TcpExt, TSEcrRejected, "6.15") S(TcpExt, PAWSOldAck, "6.14") \
	S(TcpExt, PAWSTimewait, "6.16") C(TcpExt, DelayedACKs) C(TcpExt, DelayedACKLocked) \
	C(TcpExt, DelayedACKLost) C(TcpExt, ListenOverflows) C(TcpExt, ListenDrops) \
	C(TcpExt, TCPHPHits) C(TcpExt, TCPPureAcks) C(TcpExt, TCPHPAcks) \
	C(TcpExt, TCPRenoRecovery) C(TcpExt, TCPSackRecovery) C(TcpExt, TCPSACKReneging) \
	C(TcpExt, TCPSACKReorder) C(TcpExt, TCPRenoReorder) C(TcpExt, TCPTSReorder) \
	C(TcpExt, TCPFullUndo) C(TcpExt, TCPPartialUndo) C(TcpExt, TCPDSACKUndo) \
	C(TcpExt, TCPLossUndo) C(TcpExt, TCPLostRetransmit) C(TcpExt, TCPRenoFailures) \
	C(TcpExt, TCPSackFailures) C(TcpExt, TCPLossFailures) C(TcpExt, TCPFastRetrans) \
	C(TcpExt, TCPSlowStartRetrans) C(TcpExt, TCPTimeouts) C(TcpExt, TCPLossProbes) \
	C(TcpExt, TCPLossProbeRecovery) C(TcpExt, TCPRenoRecoveryFail) \
	C(TcpExt, TCPSackRecoveryFail) C(TcpExt, TCPRcvCollapsed) C(TcpExt, TCPBacklogCoalesce) \
	C(TcpExt, TCPDSACKOldSent) C(TcpExt, TCPDSACKOfoSent) C(TcpExt, TCPDSACKRecv) \
	C(TcpExt, TCPDSACKOfoRecv) C(TcpExt, TCPAbortOnData) C(TcpExt, TCPAbortOnClose) \
	C(TcpExt, TCPAbortOnMemory) C(TcpExt, TCPAbortOnTimeout) C(TcpExt, TCPAbortOnLinger) \
	C(TcpExt, TCPAbortFailed) C(TcpExt, TCPMemoryPressures) \
	C(TcpExt, TCPMemoryPressuresChrono) C(TcpExt, TCPSACKDiscard) \
	C(TcpExt, TCPDSACKIgnoredOld) C(TcpExt, TCPDSACKIgnoredNoUndo) \
	C(TcpExt, TCPSpuriousRTOs) C(TcpExt, TCPMD5NotFound) C(TcpExt, TCPMD5Unexpected) \
	C(TcpExt, TCPMD5Failure) C(TcpExt, TCPSackShifted) C(TcpExt, TCPSackMerged) \
	C(TcpExt, TCPSackShiftFallback) C(TcpExt, TCPBacklogDrop) C(TcpExt, PFMemallocDrop) \
	C(TcpExt, TCPMinTTLDrop) C(TcpExt, TCPDeferAcceptDrop) C(TcpExt, IPReversePathFilter) \
	C(TcpExt, TCPTimeWaitOverflow) C(TcpExt, TCPReqQFullDoCookies) \
	C(TcpExt, TCPReqQFullDrop) C(TcpExt, TCPRetransFail) C(TcpExt, TCPRcvCoalesce) \
	C(TcpExt, TCPOFOQueue) C(TcpExt, TCPOFODrop) C(TcpExt, TCPOFOMerge) \
	C(TcpExt, TCPChallengeACK) C(TcpExt, TCPSYNChallenge) C(TcpExt, TCPFastOpenActive) \
	C(TcpExt, TCPFastOpenActiveFail) C(TcpExt, TCPFastOpenPassive) \
	C(TcpExt, TCPFastOpenPassiveFail) C(TcpExt, TCPFastOpenListenOverflow) \
	C(TcpExt, TCPFastOpenCookieReqd) C(TcpExt, TCPFastOpenBlackhole) \
	C(TcpExt, TCPSpuriousRtxHostQueues) C(TcpExt, BusyPollRxPackets) \
	C(TcpExt, TCPAutoCorking) C(TcpExt, TCPFromZeroWindowAdv) C(TcpExt, TCPToZeroWindowAdv) \
	C(TcpExt, TCPWantZeroWindowAdv) C(TcpExt, TCPSynRetrans) C(TcpExt, TCPOrigDataSent) \
	C(TcpExt, TCPHystartTrainDetect) C(TcpExt, TCPHystartTrainCwnd) \
	C(TcpExt, TCPHystartDelayDetect) C(TcpExt, TCPHystartDelayCwnd) \
	C(TcpExt, TCPACKSkippedSynRecv) C(TcpExt, TCPACKSkippedPAWS) \
	C(TcpExt, TCPACKSkippedSeq) C(TcpExt, TCPACKSkippedFinWait2) \
	C(TcpExt, TCPACKSkippedTimeWait) C(TcpExt, TCPACKSkippedChallenge) \
	C(TcpExt, TCPWinProbe) C(TcpExt, TCPKeepAlive) C(TcpExt, TCPMTUPFail) \
	C(TcpExt, TCPMTUPSuccess) C(TcpExt, TCPDelivered) C(TcpExt, TCPDeliveredCE) \
	C(TcpExt, TCPAckCompressed) C(TcpExt, TCPZeroWindowDrop) C(TcpExt, TCPRcvQDrop) \
	C(TcpExt, TCPWqueueTooBig) C(TcpExt, TCPFastOpenPassiveAltKey) \
	C(TcpExt, TcpTimeoutRehash) C(TcpExt, TcpDuplicateDataRehash) \
	C(TcpExt, TCPDSACKRecvSegs) C(TcpExt, TCPDSACKIgnoredDubious) \
	C(TcpExt, TCPMigrateReqSuccess) C(TcpExt, TCPMigrateReqFailure) \
	S(TcpExt, TCPPLBRehash, "6.2") S(TcpExt, TCPAORequired, "6.7") \
	S(TcpExt, TCPAOBad, "6.7") S(TcpExt, TCPAOKeyNotFound, "6.7") \
	S(TcpExt, TCPAOGood, "6.7") S(TcpExt, TCPAODroppedIcmps, "6.7") \
	C(IpExt, InNoRoutes) C(IpExt, InTruncatedPkts) C(IpExt, InMcastPkts) \
	C(IpExt, OutMcastPkts) C(IpExt, InBcastPkts) C(IpExt, OutBcastPkts) C(IpExt, InOctets) \
	C(IpExt, OutOctets) C(IpExt, InMcastOctets) C(IpExt, OutMcastOctets) \
	C(IpExt, InBcastOctets) C(IpExt, OutBcastOctets) A(IpExt, InCsumErrors) \
	C(IpExt, InNoECTPkts) C(IpExt, InECT1Pkts) C(IpExt, InECT0Pkts) C(IpExt, InCEPkts) \
	C(IpExt, ReasmOverlaps)

struct counter {
	const char *group, *full_name, *since;
	size_t prefix; /* bytes of the group's name in the full one */
	bool shared;   /* its own name is another's, too */
};

#define PLAIN(group, name) { #group, #group #name, NULL, sizeof(#group) - 1, false },
#define SINCE(group, name, version) { #group, #group #name, version, sizeof(#group) - 1, false },
#define SHARED(group, name) { #group, #group #name, NULL, sizeof(#group) - 1, true },
static const struct counter counters[] = { COUNTERS(PLAIN, SINCE, SHARED) };
enum { N_COUNTERS = sizeof(counters) / sizeof(counters[0]) };

#define FULL(group, name) #group #name,
#define FULL_SINCE(group, name, version) #group #name,
#define OWN(group, name) #name,
#define OWN_SINCE(group, name, version) #name,
#define NONE(group, name)
static const char *const words[] = {
	COUNTERS(FULL, FULL_SINCE, FULL) COUNTERS(OWN, OWN_SINCE, NONE) NULL
};

static const struct counter *counter_at(int counter)
{
	return counter >= 0 && counter < N_COUNTERS ? &counters[counter] : NULL;
}

int counter_by_name(const char *text, int after)
{
	for (int i = after + 1; i >= 0 && i < N_COUNTERS; i++)
		if (strcmp(text, counters[i].full_name) == 0 ||
		    strcmp(text, counters[i].full_name + counters[i].prefix) == 0)
			return i;
	return -1;
}

const char *counter_full_name(int counter)
{
	const struct counter *found = counter_at(counter);

	return found ? found->full_name : NULL;
}

const char *counter_own_name(int counter)
{
	const struct counter *found = counter_at(counter);

	return found ? found->full_name + found->prefix : NULL;
}

const char *counter_name(int counter)
{
	const struct counter *found = counter_at(counter);

	return found && found->shared ? found->full_name : counter_own_name(counter);
}

const char *counter_group(int counter)
{
	const struct counter *found = counter_at(counter);

	return found ? found->group : NULL;
}

const char *counter_since(int counter)
{
	const struct counter *found = counter_at(counter);

	return found ? found->since : NULL;
}

const char *const *counter_words(void)
{
	return words;
}
