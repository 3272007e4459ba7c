"""Functions of several languages, by what they do to files and which of them run commands.

Source: the standard libraries' references of Python, Node.js, Deno, Bun, Ruby, Perl, PHP, Lua, Go,
Rust, Java, R, Julia, Tcl, Groovy, Scala, Kotlin, Elixir, Erlang, Swift, Haskell, OCaml, Nim and
Crystal; see `spellings` for what they spell otherwise.
"""

from agentaudit_processor.classify.tables import table

DELETES = table(
    """
    os.remove os.unlink unlink fs.unlinkSync fs.unlink File.delete os.rmdir FileUtils.rm
    unlinkSync fs.promises.unlink fsp.unlink Deno.remove Deno.removeSync
    os.Remove fs::remove_file std::fs::remove_file Files.delete Files.deleteIfExists File.unlink
    FileUtils.rm_f rmdir file.remove send2trash Dir.rmdir Dir.delete fs.promises.rmdir unlinkat
    File.rm file:delete Sys.remove removeFile
    """
)
DELETES_TREE = table(
    """
    shutil.rmtree rmtree FileUtils.rm_rf FileUtils.rm_r fs.rmdirSync rimraf.sync rimraf
    FileUtils.remove_dir remove_tree fs.removeSync rmdirSync fs.rmdir fs.promises.rm fsp.rm
    File::Path::rmtree FileUtils.remove_entry_secure fs.rmSync os.removedirs fse.removeSync
    fs.emptyDirSync fse.emptyDirSync os.RemoveAll fs::remove_dir_all std::fs::remove_dir_all
    FileUtils.deleteDirectory FileUtils.cleanDirectory FileUtils.remove_entry del.sync deleteSync
    distutils.dir_util.remove_tree File.rmtree fs.remove shelljs.rm shell.rm fs.rm rmSync
    removeSync File.rm_rf removeItem trashItem removeDir removeDirectoryRecursive file:del_dir_r
    removePathForcibly
    """
)
READS = table(
    """
    fs.readFileSync fs.readFile readFileSync File.read file_get_contents readfile pd.read_csv
    gzip.open Path pathlib.Path IO.read open_text os.listdir fs.promises.readFile fsp.readFile
    Deno.readTextFile Deno.readTextFileSync Bun.file os.ReadFile ioutil.ReadFile fs::read_to_string
    Files.readString Files.readAllBytes readLines read.csv File.readlines IO.readlines File.foreach
    np.loadtxt pd.read_json pd.read_excel io.lines readlines sqlite3.connect linecache.getlines
    """
)
WRITES = table(
    """
    fs.writeFileSync fs.writeFile writeFileSync File.write file_put_contents fs.appendFileSync
    fs.appendFile urllib.request.urlretrieve urlretrieve fs.promises.writeFile fsp.writeFile
    Deno.writeTextFile Deno.writeTextFileSync Bun.write os.WriteFile ioutil.WriteFile fs::write
    std::fs::write Files.writeString Files.write writeLines write.csv IO.write fs.truncateSync
    os.truncate File.truncate os.chmod os.chown fs.chmodSync fs.chownSync FileUtils.chmod
    FileUtils.chown FileUtils.chmod_R os.Truncate os.Chmod fs.createWriteStream
    """
)
COPIES = table(
    """
    shutil.copy shutil.copyfile shutil.copy2 shutil.copytree shutil.move os.rename
    fs.copyFileSync fs.renameSync FileUtils.cp FileUtils.mv copy rename os.replace os.link
    os.symlink fs.copyFile fs.rename fs.cpSync fs::copy fs::rename os.Rename Files.copy Files.move
    file.copy file.rename FileUtils.cp_r FileUtils.ln_s fs.symlinkSync
    """
)
RUNS = table(
    """
    os.system os.popen subprocess.run subprocess.call subprocess.check_call
    subprocess.check_output subprocess.Popen subprocess.getoutput execSync exec
    child_process.execSync child_process.exec spawnSync spawn system shell_exec passthru popen
    commands.getoutput Open3.capture2 cp.execSync Bun.spawn IO.popen Process.spawn os.execvp
    pty.spawn check_output execa.sync os.execute io.popen Bun.spawnSync os.popen2
    asyncio.create_subprocess_shell create_subprocess_shell shlex.split Open3.capture3
    subprocess.getstatusoutput
    Open3.popen3 Kernel.system Kernel.exec proc_open pcntl_exec execFile execFileSync execaCommand
    execa.command execaCommandSync shell.exec shelljs.exec sh.exec invoke.run c.run sudo run
    System.shell os.cmd os:cmd callCommand Process execShellCmd execCmd execCmdEx Sys.command
    Unix.system
    os.posix_spawn luaposix.exec system2 shell fabric.run pexpect.spawn pexpect.run sh.Command
    """
)
RUNS_WORDS = table(
    """
    exec.Command exec.CommandContext Command::new spawn spawnSync execFile execFileSync execa
    os.execl os.execlp os.execle os.execv os.execvp os.execve os.spawnl os.spawnlp os.spawnv
    os.spawnvp create_subprocess_exec asyncio.create_subprocess_exec system exec Deno.Command
    Process.run ProcessBuilder Process.Start child_process.spawn child_process.execFile
    Open3.capture2 Open3.capture3 Open3.popen3 Kernel.system Kernel.exec Process.spawn IO.popen
    pcntl_exec System.cmd Process.launchedProcess startProcess
    """
)
OPENS = table("open io.open codecs.open fopen File.open Deno.open os.OpenFile os.open os.fdopen")
WALKS = table(
    """
    os.walk os.listdir os.scandir glob.glob glob.iglob Dir.glob Dir.foreach Dir.children glob
    fs.readdirSync fs.readdir fs.promises.readdir readdirSync glob.sync globSync filepath.Walk
    filepath.WalkDir scandir opendir Find.find list.files Deno.readDirSync os.ReadDir rglob
    Dir.each_child Dir.entries
    """
)
"""What they find is deleted where the program deletes names that it does not spell out."""

KNOWN = DELETES | DELETES_TREE | READS | WRITES | COPIES | RUNS | RUNS_WORDS | OPENS | WALKS
