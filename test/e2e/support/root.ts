import { join } from "node:path";
import { changedFiles, makeFolder, must, SHARE } from "./machine";

/** Python, a shell and what little they need, with virt-install: enough of a system to be installed, booted or built from. */
const MAKE = `set -e
cd "$1"
mkdir -p usr/bin usr/lib usr/lib64 usr/sbin usr/share usr/local/sbin etc/ssl tmp dev proc root
for name in bin lib lib64 sbin; do ln -s usr/$name $name; done
python=$(readlink -f /usr/bin/python3)
cp -a /usr/lib/\${python##*/} usr/lib/
( cd usr/lib/\${python##*/}; rm -rf test idlelib tkinter ensurepip lib2to3 config-* )
for name in chmod stat cp touch base64 gzip env mkdir cat; do cp /usr/bin/$name usr/bin/; done
cp $python usr/bin/python3
cp /usr/bin/dash usr/bin/sh
ldd usr/bin/* usr/lib/*/lib-dynload/*.so | grep -o '/[^ ]*' | grep -v : | sort -u | while read -r library; do
  place=usr\${library#/usr}
  mkdir -p "\${place%/*}"
  test -e "$place" || cp -L "$library" "$place"
done
mknod -m 666 dev/null c 1 3
cp -a "$2" usr/share/
cp /usr/bin/virt-install usr/bin/`;

/** Makes a root folder with a virtinst that is Debian's own. */
export function makeRoot(): { readonly root: string; readonly file: string } {
  if (changedFiles() !== "") throw new Error(`virtinst is not as its package has it:\n${changedFiles()}`);
  const root = makeFolder();
  must("bash", ["-c", MAKE, "bash", root, SHARE]);
  return { root, file: join(root, SHARE, "virtinst/install/installer.py") };
}
