/**
 * Headers of Linux and of the C library that programs include for their constants. Their types are the kernel's
 * own and come out of its BTF, as for linux/bpf.h; here are only the names that the preprocessor makes.
 *
 * A table: path -> what it includes, and its names with their values.
 */
import { guard } from './standard.ts';
import { systemCalls } from './syscalls.ts';

interface Uapi {
  readonly includes?: readonly string[];
  /** `NAME value` one after another; a name alone goes on from the one before it. */
  readonly numbers?: string;
  /** Macros as they stand, for what is no number. */
  readonly macros?: readonly string[];
}

const LEVELS = 'SOL_IP 0 SOL_SOCKET 1 SOL_TCP 6 SOL_UDP 17 SOL_IPV6 41';
const FAMILIES =
  'AF_UNSPEC 0 AF_UNIX 1 AF_LOCAL 1 AF_INET 2 AF_INET6 10 AF_NETLINK 16 AF_PACKET 17 AF_XDP 44';
const SOCKETS = `SOCK_STREAM 1 SOCK_DGRAM 2 SOCK_RAW 3 SOCK_SEQPACKET 5
  SO_DEBUG 1 SO_REUSEADDR 2 SO_TYPE 3 SO_ERROR 4 SO_DONTROUTE 5 SO_BROADCAST 6 SO_SNDBUF 7 SO_RCVBUF 8
  SO_KEEPALIVE 9 SO_OOBINLINE 10 SO_NO_CHECK 11 SO_PRIORITY 12 SO_LINGER 13 SO_REUSEPORT 15 SO_RCVLOWAT 18
  SO_RCVTIMEO 20 SO_SNDTIMEO 21 SO_BINDTODEVICE 25 SO_MARK 36 SO_MAX_PACING_RATE 47 SO_BINDTOIFINDEX 62 SO_TXREHASH 74`;
const PROTOCOLS = `IPPROTO_IP 0 IPPROTO_ICMP IPPROTO_IGMP IPPROTO_IPIP 4 IPPROTO_TCP 6 IPPROTO_EGP 8 IPPROTO_PUP 12
  IPPROTO_UDP 17 IPPROTO_IDP 22 IPPROTO_TP 29 IPPROTO_DCCP 33 IPPROTO_IPV6 41 IPPROTO_RSVP 46 IPPROTO_GRE 47
  IPPROTO_ESP 50 IPPROTO_AH 51 IPPROTO_MTP 92 IPPROTO_BEETPH 94 IPPROTO_ENCAP 98 IPPROTO_PIM 103 IPPROTO_COMP 108
  IPPROTO_L2TP 115 IPPROTO_SCTP 132 IPPROTO_UDPLITE 136 IPPROTO_MPLS 137 IPPROTO_ETHERNET 143 IPPROTO_RAW 255
  IPPROTO_MPTCP 262`;
const EXTENSIONS = `IPPROTO_HOPOPTS 0 IPPROTO_ROUTING 43 IPPROTO_FRAGMENT 44 IPPROTO_ICMPV6 58 IPPROTO_NONE 59
  IPPROTO_DSTOPTS 60 IPPROTO_MH 135 IPV6_UNICAST_HOPS 16 IPV6_MULTICAST_HOPS 18 IPV6_V6ONLY 26 IPV6_TCLASS 67
  IPV6_AUTOFLOWLABEL 70`;
const ADDRESSES = `INADDR_ANY 0 INADDR_BROADCAST 0xffffffff INADDR_NONE 0xffffffff INADDR_LOOPBACK 0x7f000001
  IP_TOS 1 IP_TTL IP_HDRINCL IP_OPTIONS IP_ROUTER_ALERT IP_RECVOPTS IP_RETOPTS IP_PKTINFO IP_PKTOPTIONS
  IP_MTU_DISCOVER IP_RECVERR IP_RECVTTL IP_RECVTOS IP_MTU IP_FREEBIND IP_IPSEC_POLICY IP_XFRM_POLICY IP_PASSSEC
  IP_TRANSPARENT IP_MINTTL 21 IP_NODEFRAG IP_CHECKSUM IP_BIND_ADDRESS_NO_PORT IP_RECVFRAGSIZE IP_RECVERR_RFC4884
  IP_MULTICAST_IF 32 IP_MULTICAST_TTL IP_MULTICAST_LOOP IP_ADD_MEMBERSHIP IP_DROP_MEMBERSHIP`;
const MODES = `S_IFMT 0170000 S_IFSOCK 0140000 S_IFLNK 0120000 S_IFREG 0100000 S_IFBLK 0060000 S_IFDIR 0040000
  S_IFCHR 0020000 S_IFIFO 0010000 S_ISUID 0004000 S_ISGID 0002000 S_ISVTX 0001000`;
const CLOCKS = `CLOCK_REALTIME 0 CLOCK_MONOTONIC CLOCK_PROCESS_CPUTIME_ID CLOCK_THREAD_CPUTIME_ID CLOCK_MONOTONIC_RAW
  CLOCK_REALTIME_COARSE CLOCK_MONOTONIC_COARSE CLOCK_BOOTTIME CLOCK_REALTIME_ALARM CLOCK_BOOTTIME_ALARM CLOCK_TAI 11`;
const SCHEDULING = `CLONE_VM 0x100 CLONE_FS 0x200 CLONE_FILES 0x400 CLONE_SIGHAND 0x800 CLONE_PIDFD 0x1000
  CLONE_PTRACE 0x2000 CLONE_VFORK 0x4000 CLONE_PARENT 0x8000 CLONE_THREAD 0x10000 CLONE_NEWNS 0x20000
  CLONE_SYSVSEM 0x40000 CLONE_SETTLS 0x80000 CLONE_NEWCGROUP 0x02000000 CLONE_NEWUTS 0x04000000
  CLONE_NEWIPC 0x08000000 CLONE_NEWUSER 0x10000000 CLONE_NEWPID 0x20000000 CLONE_NEWNET 0x40000000
  CLONE_IO 0x80000000 SCHED_NORMAL 0 SCHED_FIFO SCHED_RR SCHED_BATCH SCHED_IDLE 5 SCHED_DEADLINE SCHED_EXT`;
const OPENING = `O_ACCMODE 3 O_RDONLY 0 O_WRONLY 1 O_RDWR 2 O_CREAT 0100 O_EXCL 0200 O_NOCTTY 0400 O_TRUNC 01000
  O_APPEND 02000 O_NONBLOCK 04000 O_DSYNC 010000 O_DIRECT 040000 O_LARGEFILE 0100000 O_DIRECTORY 0200000
  O_NOFOLLOW 0400000 O_NOATIME 01000000 O_CLOEXEC 02000000 O_SYNC 04010000 O_PATH 010000000
  F_DUPFD 0 F_GETFD F_SETFD F_GETFL F_SETFL AT_FDCWD -100`;
const CAPABILITIES = `CAP_CHOWN 0 CAP_DAC_OVERRIDE CAP_DAC_READ_SEARCH CAP_FOWNER CAP_FSETID CAP_KILL CAP_SETGID
  CAP_SETUID CAP_SETPCAP CAP_LINUX_IMMUTABLE CAP_NET_BIND_SERVICE CAP_NET_BROADCAST CAP_NET_ADMIN CAP_NET_RAW
  CAP_IPC_LOCK CAP_IPC_OWNER CAP_SYS_MODULE CAP_SYS_RAWIO CAP_SYS_CHROOT CAP_SYS_PTRACE CAP_SYS_PACCT CAP_SYS_ADMIN
  CAP_SYS_BOOT CAP_SYS_NICE CAP_SYS_RESOURCE CAP_SYS_TIME CAP_SYS_TTY_CONFIG CAP_MKNOD CAP_LEASE CAP_AUDIT_WRITE
  CAP_AUDIT_CONTROL CAP_SETFCAP CAP_MAC_OVERRIDE CAP_MAC_ADMIN CAP_SYSLOG CAP_WAKE_ALARM CAP_BLOCK_SUSPEND
  CAP_AUDIT_READ CAP_PERFMON CAP_BPF CAP_CHECKPOINT_RESTORE CAP_LAST_CAP 40`;

/** The instruction set, and what programs and tools say to bpf(2); the kernel keeps no types of these. */
const OPCODES = `BPF_LD 0x00 BPF_LDX 0x01 BPF_ST 0x02 BPF_STX 0x03 BPF_ALU 0x04 BPF_JMP 0x05 BPF_RET 0x06 BPF_MISC 0x07
  BPF_W 0x00 BPF_H 0x08 BPF_B 0x10 BPF_IMM 0x00 BPF_ABS 0x20 BPF_IND 0x40 BPF_MEM 0x60 BPF_LEN 0x80 BPF_MSH 0xa0
  BPF_ADD 0x00 BPF_SUB 0x10 BPF_MUL 0x20 BPF_DIV 0x30 BPF_OR 0x40 BPF_AND 0x50 BPF_LSH 0x60 BPF_RSH 0x70
  BPF_NEG 0x80 BPF_MOD 0x90 BPF_XOR 0xa0 BPF_JA 0x00 BPF_JEQ 0x10 BPF_JGT 0x20 BPF_JGE 0x30 BPF_JSET 0x40
  BPF_K 0x00 BPF_X 0x08 BPF_MAXINSNS 4096`;
const EXTENDED_OPCODES = `BPF_JMP32 0x06 BPF_ALU64 0x07 BPF_DW 0x18 BPF_MEMSX 0x80 BPF_ATOMIC 0xc0 BPF_XADD 0xc0
  BPF_MOV 0xb0 BPF_ARSH 0xc0 BPF_END 0xd0 BPF_TO_LE 0x00 BPF_TO_BE 0x08 BPF_JNE 0x50 BPF_JLT 0xa0 BPF_JLE 0xb0
  BPF_JSGT 0x60 BPF_JSGE 0x70 BPF_JSLT 0xc0 BPF_JSLE 0xd0 BPF_JCOND 0xe0 BPF_CALL 0x80 BPF_EXIT 0x90 BPF_FETCH 0x01
  BPF_PSEUDO_MAP_FD 1 BPF_PSEUDO_MAP_IDX 5 BPF_PSEUDO_MAP_VALUE 2 BPF_PSEUDO_MAP_IDX_VALUE 6 BPF_PSEUDO_BTF_ID 3
  BPF_PSEUDO_FUNC 4 BPF_PSEUDO_CALL 1 BPF_PSEUDO_KFUNC_CALL 2 BPF_BUILD_ID_SIZE 20 BPF_TAG_SIZE 8
  XDP_PACKET_HEADROOM 256 BPF_DEVCG_ACC_MKNOD 1ULL BPF_DEVCG_ACC_READ 2ULL BPF_DEVCG_ACC_WRITE 4ULL
  BPF_DEVCG_DEV_BLOCK 1ULL BPF_DEVCG_DEV_CHAR 2ULL`;
const FLAGS: Readonly<Record<string, number>> = {
  ALLOW_OVERRIDE: 0,
  ALLOW_MULTI: 1,
  REPLACE: 2,
  BEFORE: 3,
  AFTER: 4,
  ID: 5,
  STRICT_ALIGNMENT: 0,
  ANY_ALIGNMENT: 1,
  TEST_RND_HI32: 2,
  TEST_STATE_FREQ: 3,
  SLEEPABLE: 4,
  XDP_HAS_FRAGS: 5,
  XDP_DEV_BOUND_ONLY: 6,
  TEST_REG_INVARIANTS: 7,
  NETFILTER_IP_DEFRAG: 0,
  QUERY_EFFECTIVE: 0,
  TEST_RUN_ON_CPU: 0,
  TEST_XDP_LIVE_FRAMES: 1,
  TEST_SKB_CHECKSUM_COMPLETE: 2,
};

const TABLE: Readonly<Record<string, Uapi>> = {
  'linux/bpf_common.h': {
    numbers: OPCODES,
    macros: [
      'BPF_CLASS(code) ((code) & 0x07)',
      'BPF_SIZE(code) ((code) & 0x18)',
      'BPF_MODE(code) ((code) & 0xe0)',
      'BPF_OP(code) ((code) & 0xf0)',
      'BPF_SRC(code) ((code) & 0x08)',
    ],
  },
  'linux/bpf.h': {
    includes: ['linux/bpf_common.h'],
    numbers: EXTENDED_OPCODES,
    macros: [
      ...Object.entries(FLAGS).map(([name, bit]) => `BPF_F_${name} (1U << ${bit})`),
      'BPF_XCHG (0xe0 | BPF_FETCH)',
      'BPF_CMPXCHG (0xf0 | BPF_FETCH)',
      'BPF_FROM_LE BPF_TO_LE',
      'BPF_FROM_BE BPF_TO_BE',
      'BPF_OBJ_NAME_LEN 16U',
      'MAX_BPF_REG __MAX_BPF_REG',
      'MAX_BPF_ATTACH_TYPE __MAX_BPF_ATTACH_TYPE',
      'MAX_BPF_LINK_TYPE __MAX_BPF_LINK_TYPE',
      'BPF_F_ADJ_ROOM_ENCAP_L2(len) (((__u64)(len) & BPF_ADJ_ROOM_ENCAP_L2_MASK) << BPF_ADJ_ROOM_ENCAP_L2_SHIFT)',
      'BPF_F_REDIRECT_FLAGS (BPF_F_INGRESS | BPF_F_BROADCAST | BPF_F_EXCLUDE_INGRESS)',
      'BPF_LINE_INFO_LINE_NUM(line_col) ((line_col) >> 10)',
      'BPF_LINE_INFO_LINE_COL(line_col) ((line_col) & 0x3ff)',
    ],
  },
  'linux/if_ether.h': {
    numbers: `ETH_ALEN 6 ETH_TLEN 2 ETH_HLEN 14 ETH_ZLEN 60 ETH_DATA_LEN 1500 ETH_FRAME_LEN 1514 ETH_FCS_LEN 4
      ETH_P_LOOP 0x0060 ETH_P_IP 0x0800 ETH_P_ARP 0x0806 ETH_P_TEB 0x6558 ETH_P_RARP 0x8035 ETH_P_8021Q 0x8100
      ETH_P_IPX 0x8137 ETH_P_IPV6 0x86DD ETH_P_SLOW 0x8809 ETH_P_MPLS_UC 0x8847 ETH_P_MPLS_MC 0x8848
      ETH_P_PPP_SES 0x8864 ETH_P_PAE 0x888E ETH_P_8021AD 0x88A8 ETH_P_LLDP 0x88CC ETH_P_1588 0x88F7 ETH_P_ALL 0x0003`,
  },
  'linux/if_packet.h': {
    numbers: 'PACKET_HOST 0 PACKET_BROADCAST PACKET_MULTICAST PACKET_OTHERHOST PACKET_OUTGOING',
  },
  'linux/if_vlan.h': {},
  'linux/if.h': { includes: ['linux/socket.h'], numbers: 'IFNAMSIZ 16 IFF_UP 1' },
  'linux/if_tunnel.h': {
    includes: ['linux/if.h', 'linux/ip.h'],
    macros: [
      'GRE_CSUM __builtin_bswap16(0x8000)',
      'GRE_ROUTING __builtin_bswap16(0x4000)',
      'GRE_KEY __builtin_bswap16(0x2000)',
      'GRE_SEQ __builtin_bswap16(0x1000)',
      'GRE_FLAGS __builtin_bswap16(0x0078)',
      'GRE_VERSION __builtin_bswap16(0x0007)',
      ...['CSUM', 'ROUTING', 'KEY', 'SEQ'].map((flag) => `GRE_IS_${flag}(f) ((f) & GRE_${flag})`),
    ],
  },
  'linux/in.h': {
    includes: ['linux/socket.h', 'asm/byteorder.h'],
    numbers: `${PROTOCOLS} ${ADDRESSES}`,
  },
  'linux/in6.h': {
    numbers: EXTENSIONS,
    macros: ['s6_addr in6_u.u6_addr8', 's6_addr16 in6_u.u6_addr16', 's6_addr32 in6_u.u6_addr32'],
  },
  'linux/ip.h': {
    includes: ['asm/byteorder.h'],
    numbers: `IPTOS_TOS_MASK 0x1E IPTOS_LOWDELAY 0x10 IPTOS_THROUGHPUT 0x08 IPTOS_RELIABILITY 0x04 IPTOS_MINCOST 0x02
      IPVERSION 4 MAXTTL 255 IPDEFTTL 64`,
  },
  'linux/ipv6.h': { includes: ['linux/in6.h', 'asm/byteorder.h'] },
  'linux/tcp.h': {
    includes: ['asm/byteorder.h'],
    macros: ['tcp_flag_word(tp) (((__be32 *)(tp))[3])'],
    numbers: `TCP_NODELAY 1 TCP_MAXSEG TCP_CORK TCP_KEEPIDLE TCP_KEEPINTVL TCP_KEEPCNT TCP_SYNCNT TCP_LINGER2
      TCP_DEFER_ACCEPT TCP_WINDOW_CLAMP TCP_INFO TCP_QUICKACK TCP_CONGESTION TCP_MD5SIG TCP_THIN_LINEAR_TIMEOUTS 16
      TCP_USER_TIMEOUT 18 TCP_FASTOPEN 23 TCP_TIMESTAMP TCP_NOTSENT_LOWAT TCP_CC_INFO TCP_SAVE_SYN TCP_SAVED_SYN
      TCP_ZEROCOPY_RECEIVE 35 TCP_INQ
      TCP_CA_NAME_MAX 16`,
  },
  'linux/udp.h': {},
  'linux/icmp.h': {
    numbers: `ICMP_ECHOREPLY 0 ICMP_DEST_UNREACH 3 ICMP_REDIRECT 5 ICMP_ECHO 8 ICMP_TIME_EXCEEDED 11
      ICMP_NET_UNREACH 0 ICMP_HOST_UNREACH ICMP_PROT_UNREACH ICMP_PORT_UNREACH ICMP_FRAG_NEEDED`,
  },
  'linux/icmpv6.h': {
    numbers: `ICMPV6_DEST_UNREACH 1 ICMPV6_PKT_TOOBIG ICMPV6_TIME_EXCEED ICMPV6_PARAMPROB ICMPV6_ECHO_REQUEST 128
      ICMPV6_ECHO_REPLY`,
  },
  'linux/mpls.h': {
    numbers: `MPLS_LS_LABEL_MASK 0xFFFFF000 MPLS_LS_LABEL_SHIFT 12 MPLS_LS_TC_MASK 0x00000E00 MPLS_LS_TC_SHIFT 9
      MPLS_LS_S_MASK 0x00000100 MPLS_LS_S_SHIFT 8 MPLS_LS_TTL_MASK 0x000000FF MPLS_LS_TTL_SHIFT 0`,
  },
  'linux/pkt_sched.h': {
    numbers: `TC_PRIO_BESTEFFORT 0 TC_PRIO_FILLER TC_PRIO_BULK TC_PRIO_INTERACTIVE_BULK 4 TC_PRIO_INTERACTIVE 6
      TC_PRIO_CONTROL TC_PRIO_MAX 15 TC_H_MAJ_MASK 0xFFFF0000U TC_H_MIN_MASK 0x0000FFFFU TC_H_UNSPEC 0U
      TC_H_ROOT 0xFFFFFFFFU TC_H_INGRESS 0xFFFFFFF1U TC_H_CLSACT 0xFFFFFFF1U TC_H_MIN_PRIORITY 0xFFE0U
      TC_H_MIN_INGRESS 0xFFF2U TC_H_MIN_EGRESS 0xFFF3U`,
    macros: [
      'TC_H_MAJ(h) ((h) & TC_H_MAJ_MASK)',
      'TC_H_MIN(h) ((h) & TC_H_MIN_MASK)',
      'TC_H_MAKE(maj, min) (((maj) & TC_H_MAJ_MASK) | ((min) & TC_H_MIN_MASK))',
    ],
  },
  'linux/pkt_cls.h': {
    includes: ['linux/pkt_sched.h'],
    numbers: `TC_ACT_UNSPEC (-1) TC_ACT_OK 0 TC_ACT_RECLASSIFY TC_ACT_SHOT TC_ACT_PIPE TC_ACT_STOLEN TC_ACT_QUEUED
      TC_ACT_REPEAT TC_ACT_REDIRECT TC_ACT_TRAP`,
  },
  'linux/socket.h': { numbers: `${FAMILIES} ${LEVELS} ${SOCKETS}` },
  'linux/netlink.h': {
    numbers: `NETLINK_ROUTE 0 NETLINK_USERSOCK 2 NETLINK_FIREWALL NETLINK_SOCK_DIAG NETLINK_NFLOG NETLINK_XFRM
      NETLINK_SELINUX NETLINK_ISCSI NETLINK_AUDIT NETLINK_FIB_LOOKUP NETLINK_CONNECTOR NETLINK_NETFILTER
      NETLINK_GENERIC 16`,
  },
  'linux/sched.h': { numbers: SCHEDULING },
  'linux/fcntl.h': { numbers: OPENING },
  'linux/stat.h': {
    numbers: MODES,
    macros: ['S_ISREG(m) (((m) & S_IFMT) == S_IFREG)', 'S_ISDIR(m) (((m) & S_IFMT) == S_IFDIR)'],
  },
  'linux/time.h': { numbers: CLOCKS },
  'linux/capability.h': {
    numbers: CAPABILITIES,
    macros: ['CAP_TO_INDEX(x) ((x) >> 5)', 'CAP_TO_MASK(x) (1U << ((x) & 31))'],
  },
  'linux/version.h': {
    numbers: `LINUX_VERSION_CODE ${(6 << 16) + (12 << 8)} LINUX_VERSION_MAJOR 6 LINUX_VERSION_PATCHLEVEL 12
      LINUX_VERSION_SUBLEVEL 0`,
    macros: ['KERNEL_VERSION(a, b, c) (((a) << 16) + ((b) << 8) + ((c) > 255 ? 255 : (c)))'],
  },
  'linux/perf_event.h': {},
  'linux/btf.h': {},
  'linux/ptrace.h': {},
  'linux/in_route.h': {},
  'linux/kernel.h': {},
  'linux/const.h': {},
  'linux/mman.h': {
    numbers:
      'PROT_NONE 0 PROT_READ 1 PROT_WRITE 2 PROT_EXEC 4 MAP_SHARED 1 MAP_PRIVATE 2 MAP_FIXED 16 MAP_ANONYMOUS 32',
  },
  'linux/swab.h': {
    macros: ['__swab16 __builtin_bswap16', '__swab32 __builtin_bswap32', '__swab64 __builtin_bswap64'],
  },
  'asm/errno.h': { includes: ['errno.h'] },
  'asm-generic/errno.h': { includes: ['errno.h'] },
  'asm-generic/errno-base.h': { includes: ['errno.h'] },
  'asm/socket.h': { includes: ['linux/socket.h'] },
  'asm/unistd.h': { numbers: systemCalls('__NR_') },
  'linux/unistd.h': { includes: ['asm/unistd.h'] },
  'syscall.h': { includes: ['sys/syscall.h'] },
  'sys/syscall.h': { includes: ['asm/unistd.h'], numbers: systemCalls('SYS_') },
  'linux/lirc.h': {
    numbers: `LIRC_MODE2_SPACE 0 LIRC_MODE2_PULSE 0x01000000 LIRC_MODE2_FREQUENCY 0x02000000
      LIRC_MODE2_TIMEOUT 0x03000000 LIRC_MODE2_OVERFLOW 0x04000000 LIRC_VALUE_MASK 0x00FFFFFF
      LIRC_MODE2_MASK 0xFF000000 PULSE_BIT 0x01000000 PULSE_MASK 0x00FFFFFF`,
    macros: [
      ...['SPACE', 'PULSE', 'FREQUENCY', 'TIMEOUT', 'OVERFLOW'].flatMap((mode) => [
        `LIRC_${mode}(val) (((val) & LIRC_VALUE_MASK) | LIRC_MODE2_${mode})`,
        `LIRC_IS_${mode}(val) (LIRC_MODE2(val) == LIRC_MODE2_${mode})`,
      ]),
      'LIRC_VALUE(val) ((val) & LIRC_VALUE_MASK)',
      'LIRC_MODE2(val) ((val) & LIRC_MODE2_MASK)',
    ],
  },
  'linux/seg6.h': {
    includes: ['linux/in6.h'],
    numbers: 'SR6_TLV_INGRESS 1 SR6_TLV_EGRESS SR6_TLV_OPAQUE SR6_TLV_PADDING SR6_TLV_HMAC',
  },
  'linux/seg6_local.h': {
    includes: ['linux/seg6.h'],
    numbers: `SEG6_LOCAL_ACTION_UNSPEC 0 SEG6_LOCAL_ACTION_END SEG6_LOCAL_ACTION_END_X SEG6_LOCAL_ACTION_END_T
      SEG6_LOCAL_ACTION_END_DX2 SEG6_LOCAL_ACTION_END_DX6 SEG6_LOCAL_ACTION_END_DX4 SEG6_LOCAL_ACTION_END_DT6
      SEG6_LOCAL_ACTION_END_DT4 SEG6_LOCAL_ACTION_END_B6 SEG6_LOCAL_ACTION_END_B6_ENCAP SEG6_LOCAL_ACTION_END_BM
      SEG6_LOCAL_ACTION_END_S SEG6_LOCAL_ACTION_END_AS SEG6_LOCAL_ACTION_END_AM SEG6_LOCAL_ACTION_END_BPF
      SEG6_LOCAL_ACTION_END_DT46`,
  },
  'asm/byteorder.h': { includes: ['linux/byteorder/little_endian.h'] },
  'linux/byteorder.h': { includes: ['linux/byteorder/little_endian.h'] },
  'linux/byteorder/little_endian.h': {
    includes: ['linux/swab.h'],
    macros: ['16', '32', '64'].flatMap((bits) => [
      ...['htons 16', 'ntohs 16', 'htonl 32', 'ntohl 32'].flatMap((pair) => {
        const [name, width] = pair.split(' ');
        return width === bits ? [`__constant_${name}(x) __builtin_bswap${bits}(x)`] : [];
      }),
      `__constant_cpu_to_be${bits}(x) __builtin_bswap${bits}(x)`,
      `__constant_be${bits}_to_cpu(x) __builtin_bswap${bits}(x)`,
      `__constant_cpu_to_le${bits}(x) (x)`,
      `__constant_le${bits}_to_cpu(x) (x)`,
      `__cpu_to_be${bits}(x) __builtin_bswap${bits}(x)`,
      `__be${bits}_to_cpu(x) __builtin_bswap${bits}(x)`,
      `__cpu_to_le${bits}(x) (x)`,
      `__le${bits}_to_cpu(x) (x)`,
    ]),
  },
  'netinet/in.h': {
    includes: ['linux/in.h', 'linux/in6.h', 'stdint.h'],
    macros: [
      'htons(x) __builtin_bswap16(x)',
      'ntohs(x) __builtin_bswap16(x)',
      'htonl(x) __builtin_bswap32(x)',
      'ntohl(x) __builtin_bswap32(x)',
    ],
  },
  'arpa/inet.h': { includes: ['netinet/in.h'] },
  'netinet/tcp.h': { includes: ['linux/tcp.h'] },
  'sys/socket.h': { includes: ['linux/socket.h', 'sys/types.h'] },
  'sys/types.h': { includes: ['stddef.h', 'stdint.h'] },
  'sys/stat.h': { includes: ['linux/stat.h'] },
  'sys/param.h': { includes: ['limits.h'] },
  'sys/cdefs.h': {},
  'fcntl.h': { includes: ['linux/fcntl.h'] },
  'sched.h': { includes: ['linux/sched.h'] },
  'time.h': { includes: ['linux/time.h', 'stddef.h'] },
  'features.h': {},
  'unistd.h': { includes: ['stddef.h'] },
  'stdlib.h': { includes: ['stddef.h'] },
  'stdio.h': { includes: ['stddef.h'] },
  'ctype.h': {},
  'assert.h': { macros: ['static_assert _Static_assert'] },
  'inttypes.h': {
    includes: ['stdint.h'],
    macros: ['d', 'i', 'u', 'x', 'X', 'o'].flatMap((letter) => [
      `PRI${letter}8 "${letter}"`,
      `PRI${letter}16 "${letter}"`,
      `PRI${letter}32 "${letter}"`,
      `PRI${letter}64 "l${letter}"`,
    ]),
  },
  'stdatomic.h': {
    macros: [
      'memory_order_relaxed __ATOMIC_RELAXED',
      'memory_order_consume __ATOMIC_CONSUME',
      'memory_order_acquire __ATOMIC_ACQUIRE',
      'memory_order_release __ATOMIC_RELEASE',
      'memory_order_acq_rel __ATOMIC_ACQ_REL',
      'memory_order_seq_cst __ATOMIC_SEQ_CST',
    ],
  },
};

/** `A 3 B C` -> A is 3, B is 4, C is 5. */
function defines(numbers: string): string[] {
  const lines: string[] = [];
  let next = 0;
  const words = numbers.split(/\s+/).filter((word) => word !== '');
  for (let i = 0; i < words.length; i++) {
    const name = words[i] ?? '';
    const value = words[i + 1];
    const given = value !== undefined && !/^[A-Z_]/i.test(value);
    if (given) i++;
    const text = given ? value : String(next);
    next = Number(text.replace(/[()]/g, '')) + 1;
    lines.push(`#define ${name} ${text}`);
  }
  return lines;
}

function headerText(path: string, { includes = [], numbers = '', macros = [] }: Uapi): string {
  return guard(
    `_UAPI_${path.toUpperCase().replace(/\W/g, '_')}`,
    [
      '#include <linux/types.h>',
      ...includes.map((other) => `#include <${other}>`),
      '#pragma iterscope kernel_types uapi',
      ...defines(numbers),
      ...macros.map((macro) => `#define ${macro}`),
    ].join('\n'),
  );
}

/** Path after #include, and its text. */
export const UAPI_HEADERS: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(TABLE).map(([path, header]) => [path, headerText(path, header)]),
);
