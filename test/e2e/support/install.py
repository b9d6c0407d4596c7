# A small virt-install of our own for virtinst as of 1.x, run by Python 2.7: it builds a domain's XML from libvirt's pool
# as those releases do (the pool's first monitor, no auth), has virtinst's Guest make the final texts of it, and gives
# them to libvirt. Debian 12 has no libvirt binding for Python 2.7, so it talks to libvirt through virsh.
#
# install.py VIRTINST NAME POOL VOLUME SERIAL [CDROM]: with CDROM an installation, else an import.
from __future__ import print_function

import os
import re
import subprocess
import sys
import tempfile
import uuid

virtinst, name, pool, volume, serial = sys.argv[1:6]
cdrom = sys.argv[6] if len(sys.argv) > 6 else None

sys.path.insert(0, virtinst)
sys.dont_write_bytecode = True
from virtinst.guest import Guest


def virsh(*words):
    return subprocess.check_output(("virsh", "-q", "-c", "qemu:///system") + words).decode("utf-8")


def give(command, xml):
    with tempfile.NamedTemporaryFile(suffix=".xml") as copy:
        copy.write(xml.encode("utf-8"))
        copy.flush()
        virsh(command, copy.name)

identity = str(uuid.uuid4())


def domain(boot):
    source = re.search("<source>.*</source>", virsh("pool-dumpxml", pool), re.S).group(0)
    host = re.search("<host [^>]*/>", source).group(0)
    path = virsh("vol-path", volume, "--pool", pool).strip()
    disks = [u"""    <disk type="network" device="disk">
      <driver name="qemu" type="raw"/>
      <source protocol="rbd" name="%s">
        %s
      </source>
      <target dev="vda" bus="virtio"/>
    </disk>
""" % (path, host)]
    if cdrom:
        disks.append(u"""    <disk type="file" device="cdrom">
      <source file="%s"/>
      <target dev="hdc" bus="ide"/>
      <readonly/>
    </disk>
""" % cdrom)
    return u"""<domain type="qemu">
  <name>%s</name>
  <uuid>%s</uuid>
  <memory unit="MiB">64</memory>
  <os>
    <type arch="x86_64">hvm</type>
%s  </os>
  <devices>
%s    <serial type="file">
      <source path="%s"/>
    </serial>
  </devices>
</domain>
""" % (name, identity, "".join(u'    <boot dev="%s"/>\n' % device for device in boot), u"".join(disks), serial)


guest = Guest(domain(["cdrom", "hd"]) if cdrom else None, domain(["hd"]))
# 1.4 dropped the argument.
initial = [True] if guest._build_xml.__func__.__code__.co_argcount > 1 else []
first, final = guest._build_xml(*initial)
give("create", first or final)
give("define", final)
