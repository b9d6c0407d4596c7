# Times the injected helper on domains of several sizes, beside xml.etree; the times are medians, in milliseconds.
# Arguments: the patched file, how often to repeat.
import json
import re
import sys
import time
import xml.etree.ElementTree as etree

source = open(sys.argv[1]).read()
repeat = int(sys.argv[2])
block = re.search(r"# >>> virtinst-rbd-patch .*?\n# <<< virtinst-rbd-patch\n", source, re.S).group()
module = {}
exec(compile(block, "block", "exec"), module)
helper = module["_virtinst_rbd_patch"]

DISK = """    <disk type="network" device="disk">
      <driver name="qemu" type="raw"/>
      <source protocol="rbd" name="vms/virt-%d">
        <host name="192.0.2.11" port="6789"/>
      </source>
      <target dev="vd%d" bus="virtio"/>
    </disk>
"""
OTHER = DISK.replace('protocol="rbd"', 'protocol="nbd"')


def domain(disk, count):
    disks = "".join(disk % (i, i) for i in range(count))
    return '<domain type="kvm">\n  <name>x</name>\n  <devices>\n%s  </devices>\n</domain>\n' % disks


def measure(function, text):
    times = []
    for _ in range(repeat):
        start = time.perf_counter()
        function(text)
        times.append((time.perf_counter() - start) * 1000)
    return sorted(times)[len(times) // 2]


def both(text):
    return {"helper": measure(helper, text), "etree": measure(lambda xml: etree.tostring(etree.fromstring(xml)), text)}


sizes = [dict(both(domain(OTHER, 10)), disks=0)]
for count in (1, 10, 100, 1000, 5000):
    text = domain(DISK, count)
    assert helper(text).count("<auth ") == count
    sizes.append(dict(both(text), disks=count))
print(json.dumps({"version": "%d.%d" % sys.version_info[:2], "sizes": sizes}))
