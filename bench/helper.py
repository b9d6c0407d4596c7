# Times the injected helper on domains of several sizes, beside xml.etree; medians, in milliseconds. For 2.7 and 3.
# Arguments: the patched file, how often to repeat; or the patched file alone: only the first call of this process.
import logging
import re
import sys
from timeit import default_timer

# virtinst has loaded logging and re long before it calls the helper.
assert logging
source = open(sys.argv[1]).read()
block = re.search(r"(?m)^# >>> virtinst-rbd-patch [\s\S]*?\n# <<< virtinst-rbd-patch\n", source).group()
module = {}
exec(compile(block, "block", "exec", 0, True), module)
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


def timed(function, text):
    start = default_timer()
    function(text)
    return (default_timer() - start) * 1000


def main(repeat):
    import json
    from xml.etree import ElementTree

    def both(text, repeat):
        # In turn, so that a busy moment meets both.
        pairs = [
            (timed(helper, text), timed(lambda xml: ElementTree.tostring(ElementTree.fromstring(xml)), text))
            for _ in range(repeat)
        ]
        return {"helper": median([one for one, _ in pairs]), "etree": median([other for _, other in pairs])}

    def median(times):
        return sorted(times)[len(times) // 2]

    sizes = [dict(both(domain(OTHER, 10), repeat), disks=0)]
    for count in (1, 10, 100, 1000, 5000):
        text = domain(DISK, count)
        assert helper(text).count("<auth ") == count
        sizes.append(dict(both(text, repeat * (10 if count <= 10 else 1)), disks=count))
    print(json.dumps({"version": "%d.%d" % sys.version_info[:2], "sizes": sizes}))


if len(sys.argv) > 2:
    main(int(sys.argv[2]))
else:
    print(timed(helper, domain(DISK, 1)))
