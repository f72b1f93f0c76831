"""A Slurm of one node, in a directory of its own: no file of the system is changed.  Needs root, slurm-wlm and munge.

    with SlurmNode() as node:
        subprocess.run(["sbatch", ...], env=node.environment)
"""

import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time

PATH = os.environ["PATH"] + ":/usr/sbin"


def missing():
    """What is not there, None if all is."""
    for name in ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scontrol", "scancel"):
        if not shutil.which(name, path=PATH):
            return f"no {name}"
    return None if os.getuid() == 0 else "slurmd needs root"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class SlurmNode:
    # Without cgroups; two processors, whatever the machine has; nothing is kept after the end.
    CONF = """
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket={folder}/munge.socket
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerParameters=sched_interval=1,bf_interval=1
SlurmdParameters=config_overrides
ReturnToService=2
KillWait=5
MpiDefault=none
NodeName={host} NodeAddr=127.0.0.1 CPUs=2 State=UNKNOWN
PartitionName=all Nodes={host} Default=YES MaxTime=10 State=UP
"""

    def __enter__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="pfstudy-slurm-"))
        self.folder.chmod(0o755)  # munge looks at it
        self.processes = []
        for name in ("state", "spool"):
            (self.folder / name).mkdir()
        host = socket.gethostname().split(".")[0]
        conf = self.folder / "slurm.conf"
        conf.write_text(self.CONF.format(host=host, folder=self.folder, ports=[free_port(), free_port()]))
        key = self.folder / "munge.key"
        key.write_bytes(os.urandom(128))
        key.chmod(0o600)
        self.environment = {**os.environ, "PATH": PATH, "SLURM_CONF": str(conf)}
        try:
            self._start("munged", "--foreground", "--force", f"--key-file={key}", f"--socket={self.folder}/munge.socket",
                        f"--pid-file={self.folder}/munge.pid", f"--log-file={self.folder}/munge.log",
                        f"--seed-file={self.folder}/munge.seed")
            self._until(lambda: (self.folder / "munge.socket").exists(), "munged")
            self._start("slurmctld", "-c", "-D", "-f", str(conf))
            self._start("slurmd", "-c", "-D", "-f", str(conf), "-N", host)
            self._until(lambda: "idle" in self.ask("sinfo", "--noheader", "--format=%t"), "a node that is idle")
        except BaseException:
            self.__exit__()
            raise
        return self

    def _start(self, *words):
        with open(self.folder / f"{words[0]}.out", "w", encoding="utf-8") as out:
            self.processes.append(subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                                   env=self.environment, start_new_session=True))

    def _until(self, condition, what, seconds=30):
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                logs = "\n".join(f"{p.name}:\n{p.read_text(errors='replace')[-2000:]}" for p in
                                 sorted(self.folder.glob("*.out")) + sorted(self.folder.glob("*.log")))
                raise RuntimeError(f"waited {seconds} s for {what}\n{logs}")
            time.sleep(0.1)

    def ask(self, *words):
        return subprocess.run(words, env=self.environment, capture_output=True, text=True, check=False).stdout

    def until_empty(self, seconds=300):
        """Slurm waits for up to two minutes before a requeued job starts."""
        self._until(lambda: not self.ask("squeue", "--noheader").strip(), "the queue to be empty", seconds)

    def __exit__(self, *_):
        self.ask("scancel", "--user=root") if len(self.processes) > 1 else None
        for process in reversed(self.processes):
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)
