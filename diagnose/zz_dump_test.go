package diagnose_test
import ("testing";"os";"strings";"context";"github.com/ecsplain/ecsplain/lab")
func TestZZ(t *testing.T){
 pbs:=load(t)
 for _,n:=range strings.Fields(os.Getenv("ZZ")){
  w,s,err:=lab.Start(n,lab.Options{Seed:1}); if err!=nil{t.Fatal(err)}
  r:=look(t,context.Background(),pbs,serve(t,w),s.Target)
  t.Log(n+"\n"+summary(r)); if len(r.Findings)>0 {t.Log(r.Findings[0].Say)}
 }
}
